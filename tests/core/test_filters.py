from edgenode.core.averages import ExponentialAverage, MovingAverage
from edgenode.core.filters import build
from edgenode.core.windows import Median


def numbers(n):
    x = 1
    for _ in range(n):
        x = (x * 1103 + 12345) % 65521
        yield x % 1201 - 400


def test_median_of_a_sliding_window():
    for size in (1, 2, 3, 5, 15):
        f = Median(size)
        window = []
        for x in numbers(200):
            window = (window + [x])[-size:]
            # the middle; of an even count the lower one: a value that was measured
            assert f.push(x) == sorted(window)[(len(window) - 1) // 2]


def test_median_with_equal_values():
    f = Median(3)
    assert [f.push(x) for x in (5, 5, 5, 9, 5, 5)] == [5, 5, 5, 5, 5, 5]


def test_moving_average_is_rounded_half_up():
    for size in (1, 2, 5, 15):
        f = MovingAverage(size)
        window = []
        for x in numbers(200):
            window = (window + [x])[-size:]
            assert f.push(x) == (2 * sum(window) + len(window)) // (2 * len(window))
    f = MovingAverage(2)
    assert [f.push(x) for x in (1, 2, -3, -2)] == [1, 2, 0, -2]


def compute_exact(values, alpha_pm):
    # the same in integers that may grow: s = mean * scale
    scale = s = 0
    for x in values:
        s = alpha_pm * x * scale + (1000 - alpha_pm) * s if scale else x
        scale = 1000 * scale or 1
        yield s, scale


def test_exponential_average_is_right_within_a_256th():
    for alpha_pm in (1, 100, 333, 999, 1000):
        f = ExponentialAverage(alpha_pm)
        values = list(numbers(120))
        for x, (s, scale) in zip(values, compute_exact(values, alpha_pm)):
            # half a step of rounding, and that
            assert 256 * abs(2 * s - 2 * f.push(x) * scale) <= (256 + 2) * scale


def test_exponential_average_reaches_a_value_that_stays():
    for alpha_pm in (1, 10, 100):
        for start, end in ((-400, 800), (800, -400), (1000, 0)):
            f = ExponentialAverage(alpha_pm)
            f.push(start)
            for _ in range(20000 // alpha_pm):
                value = f.push(end)
            assert value == end


def test_exponential_average_stays_a_small_int():
    f = ExponentialAverage(1000)
    for x in 200 * [1000, -1000]:
        assert f.push(x) == x
        assert abs(f._state) < 1 << 28
        assert abs(1000 * (256 * -x - f._state // 1000)) < 1 << 29


def test_clear_forgets():
    for f in (Median(3), MovingAverage(3), ExponentialAverage(100)):
        for x in (100, 100, 100):
            f.push(x)
        f.clear()
        assert f.push(-7) == -7


def test_build_in_the_given_order():
    spec = [
        {"median": {"window_size": 3}},
        {"sliding_window_moving_average": {"window_size": 2}},
        {"exponential_moving_average": {"alpha": 0.5}},
    ]
    chain = build(spec)
    assert [type(f) for f in chain] == [Median, MovingAverage, ExponentialAverage]
    assert not build([])


def test_alpha_as_a_number_or_as_text():
    for alpha in (0.1, "0.1", "0.100"):
        f = build([{"exponential_moving_average": {"alpha": alpha}}])[0]
        assert [f.push(x) for x in (0, 100, 100)] == [0, 10, 19]
    assert build([{"exponential_moving_average": {"alpha": 1}}])[0].push(3) == 3
    for alpha in range(1, 1001):  # what a decimal becomes does not hang on the float's width
        f = build([{"exponential_moving_average": {"alpha": alpha / 1000}}])[0]
        assert f._alpha_pm == alpha


def test_build_names_what_is_wrong():
    cases = [
        ([{"mean": {"window_size": 3}}], "filter: mean is not known: use exp"),
        ([{"calibrate_linear": ["0 -> 0", "1 -> 1"]}], "filter: calibrate_linear is not known"),
        (["median"], "filter: one name"),
        ([{}], "filter: one name"),
        ([{"median": 3}], "filter median: window_size 1..15 expected"),
    ]
    for size in (0, 16, 3.5, True, "3", None):
        for name in ("median", "sliding_window_moving_average"):
            cases.append(([{name: {"window_size": size}}], "filter %s: window_size 1..15" % name))
    cases.append(([{"median": {"window": 3}}], "filter median: window_size"))
    cases.append(([{"median": {"window_size": 3, "send_every": 2}}], "filter median: window_size"))
    for alpha in (0, 1.001, -0.1, 0.0005, 0.1005, "1e-1", "", ".5", "0.1x", True, None, [], "--1"):
        cases.append(
            ([{"exponential_moving_average": {"alpha": alpha}}], "average: alpha 0.001..1")
        )
    for spec, message in cases:
        try:
            build(spec)
        except ValueError as e:
            assert message in str(e), e
        else:
            raise AssertionError("accepted: %r" % (spec,))
