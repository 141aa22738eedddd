from edgenode.core.filters import Median, build, calibration, tenths


def numbers(n):
    x = 1
    for _ in range(n):
        x = (x * 1103 + 12345) % 65521
        yield x % 1201 - 400


def test_median_of_a_sliding_window():
    for size in (1, 2, 3, 5, 15):
        f = Median(size)
        last = []
        for x in numbers(200):
            last = (last + [x])[-size:]
            # the middle; of an even count the lower one: a value that was measured
            assert f.push(x) == sorted(last)[(len(last) - 1) // 2]


def test_median_with_equal_values():
    f = Median(3)
    assert [f.push(x) for x in (5, 5, 5, 9, 5, 5)] == [5, 5, 5, 5, 5, 5]


def test_clear_forgets():
    f = Median(3)
    for x in (100, 100, 100):
        f.push(x)
    f.clear()
    assert f.push(-7) == -7


def test_build_names_what_is_wrong():
    bad = (
        [{"mean": {"window_size": 3}}],
        [{"median": {"window_size": 0}}],
        [{"median": {"window_size": 16}}],
        [{"median": {"window": 3}}],
        [{"median": 3}],
        [{"median": {"window_size": True}}],
        [{"median": {"window_size": 3, "send_every": 2}}],
        [{"sliding_window_moving_average": {"window_size": 0}}],
        [{"exponential_moving_average": {"alpha": 0}}],
        [{"exponential_moving_average": {"alpha": 1.1}}],
        [{"exponential_moving_average": {"alpha": "0.1"}}],
        ["median"],
        [{}],
    )
    for spec in bad:
        try:
            build(spec)
        except ValueError as e:
            assert "filter" in str(e)
        else:
            raise AssertionError("accepted: %r" % (spec,))
    chain = build(
        [
            {"median": {"window_size": 3}},
            {"sliding_window_moving_average": {"window_size": 5}},
            {"exponential_moving_average": {"alpha": 0.1}},
        ]
    )
    assert len(chain) == 3


def test_sliding_window_moving_average():
    for size in (1, 2, 5, 15):
        (f,) = build([{"sliding_window_moving_average": {"window_size": size}}])
        last = []
        for x in numbers(200):
            last = (last + [x])[-size:]
            assert f.push(x) == (2 * sum(last) + len(last)) // (2 * len(last))
        f.clear()
        assert f.push(-9) == -9


def test_exponential_moving_average():
    # against the same recursion in thousandths of a unit, exactly
    for alpha_pm in (1, 100, 333, 1000):
        (f,) = build([{"exponential_moving_average": {"alpha": alpha_pm / 1000}}])
        e = None
        for x in numbers(400):
            e = 64000 * x if e is None else e + (64000 * x - e // 1000 * 1000) * alpha_pm // 1000
            y = f.push(x)
            assert -400 <= y <= 800
            assert abs(64000 * y - e) <= 64000
        f.clear()
        assert f.push(-9) == -9


def test_an_exponential_average_arrives():
    (f,) = build([{"exponential_moving_average": {"alpha": 0.01}}])
    f.push(200)
    for _ in range(2000):
        y = f.push(203)
    assert y == 203


def test_calibration_through_two_points():
    f = calibration(["0.0 -> 0.4", "20.0 -> 20.8"])
    assert [f.push(x) for x in (-100, 0, 100, 200, 400)] == [-98, 4, 106, 208, 412]


def test_calibration_is_the_least_squares_line():
    f = calibration(["0 -> 0", "10 -> 11", "20 -> 19", "30 -> 30"])
    # numpy.polyfit([0, 100, 200, 300], [0, 110, 190, 300], 1) = 0.98, 3
    assert [f.push(x) for x in (0, 100, 200, 300)] == [3, 101, 199, 297]
    assert calibration([]) is None


def test_calibration_names_what_is_wrong():
    for points in (["1 -> 2"], ["1 -> 2", "1 -> 3"], ["1"], [1, 2], ["a -> b", "1 -> 2"]):
        try:
            calibration(points)
        except ValueError:
            pass
        else:
            raise AssertionError(points)


def test_tenths():
    shown = ("20", "-20.85", "0.04", "-0.05", " 3.1 ", ".5")
    assert [tenths(t) for t in shown] == [200, -209, 0, -1, 31, 5]
