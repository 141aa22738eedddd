from edgenode.core.catalogue import WINDOW_MAX, parse
from edgenode.core.features import make_features as Features


def numbers(n, low=-400, high=800):
    x = 7
    for _ in range(n):
        x = (x * 1103 + 12345) % 65521
        yield low + x % (high - low + 1)


def divide(a, b):
    # a / b rounded half up, b > 0
    return (2 * a + b) // (2 * b)


def mean(w):
    return divide(10 * sum(w), len(w))


def slope(w):
    # least squares, rise over the window in hundredths
    n = len(w)
    if n == 1:
        return 0
    num = n * sum(i * x for i, x in enumerate(w)) - sum(range(n)) * sum(w)
    den = n * sum(i * i for i in range(n)) - sum(range(n)) ** 2
    return divide(10 * (n - 1) * num, den)


def spread(w):
    return 10 * (max(w) - min(w))


def check_window(kind, reference):
    for size in (1, 2, 5, 15, 60, WINDOW_MAX):
        f = Features(["t_%s_%d" % (kind, size)])
        values = []
        for x in numbers(3 * size + 7):
            values.append(x)
            expected = max(-32766, min(32766, reference(values[-size:])))
            assert f.push(x, 500)[0] == expected


def test_mean():
    check_window("mean", mean)


def test_dev():
    check_window("dev", lambda w: 10 * w[-1] - mean(w))


def test_slope():
    check_window("slope", slope)


def test_range():
    check_window("range", spread)


def test_range_of_flat_and_stepped_values():
    f = Features(["h_range_5"])
    values = []
    for x in [500] * 9 + [501] * 9 + [400] + [500] * 9:
        values.append(x)
        assert f.push(0, x)[0] == spread(values[-5:])


def test_level_and_diff():
    f = Features(["t_level", "t_diff", "h_level"])
    assert list(f.push(-123, 456)) == [-1230, 0, 4560]
    assert list(f.push(-120, 456)) == [-1200, 30, 4560]


def test_ema_follows_its_definition():
    f = Features(["t_ema_3"])
    e = None
    for x in numbers(300):
        e = x << 14 if e is None else e + (((x << 14) - e) >> 3)
        assert f.push(x, 0)[0] == 10 * x - ((10 * e + (1 << 13)) >> 14)


def test_extremes_stay_within_an_int16():
    names = ["%s_%s_%d" % (c, k, WINDOW_MAX) for c in "th" for k in ("mean", "slope", "range")]
    f = Features(names)
    for i in range(4 * WINDOW_MAX):
        high = (i // WINDOW_MAX) & 1
        for v in f.push(800 if high else -400, 1000 if high else 0):
            assert -32766 <= v <= 32766


def test_clear_starts_a_new_window():
    f = Features(["t_mean_5", "t_range_5", "t_slope_5", "t_ema_3", "t_diff"])
    for x in (100, 300, 200):
        f.push(x, 0)
    f.clear()
    assert list(f.push(50, 0)) == [500, 0, 0, 0, 0]


def test_names():
    assert parse("t_level") == (0, "level", 0)
    assert parse("h_slope_30") == (1, "slope", 30)
    bad_names = ("", "t", "x_level", "t_level_3", "t_mean", "t_mean_0", "t_mean_05", "t_mean_121")
    for name in bad_names + ("t_mean_x", "t_ema_11", "t_mean_5_5", "t_nothing_5", "h_mean_-5"):
        try:
            parse(name)
        except ValueError as e:
            assert name in str(e)
        else:
            raise AssertionError("accepted: %s" % name)


def deviation(w):
    # 10 times the population standard deviation, rounded half up, from exact integers
    n = len(w)
    v = 100 * (n * sum(x * x for x in w) - sum(w) ** 2)  # (10 n std)^2
    low = 0
    high = 1 << 20
    while high - low > 1:
        middle = (low + high) // 2
        if (2 * middle - 1) ** 2 * n * n <= 4 * v:
            low = middle
        else:
            high = middle
    return low


def test_std():
    check_window("std", deviation)


def test_since():
    f = Features(["t_since"])
    values = (5, 5, 5, 6, 6, 5, 5, 5)
    assert [f.push(x, 0)[0] for x in values] == [0, 1, 2, 0, 1, 0, 1, 2]
    for _ in range(4000):
        f.push(5, 0)
    assert f.push(5, 0)[0] == 3000


def test_derived_channels():
    f = Features(["d_level", "a_level", "t_level"])
    assert list(f.push(200, 500)) == [930, 860, 2000]
