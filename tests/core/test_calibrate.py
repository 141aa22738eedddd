from edgenode.core.calibrate import CalibrateLinear


def line(points, low=-400, high=800):
    return CalibrateLinear(points, low, high).push


def test_two_points_are_hit():
    push = line(["0.0 -> 0.0", "20.0 -> 20.8"])
    assert [push(x) for x in (0, 200, 100, -100, 1)] == [0, 208, 104, -104, 1]
    push = line(["-10 -> -11.5", "40 -> 42.5"])
    assert [push(x) for x in (-100, 400)] == [-115, 425]


def test_nothing_changes_where_nothing_is_off():
    push = line(["0 -> 0", "60 -> 60"])
    for x in range(-400, 801):
        assert push(x) == x


def test_an_offset():
    push = line(["10 -> 9.3", "30 -> 29.3"])
    for x in range(-393, 801):
        assert push(x) == x - 7


def test_the_least_squares_of_several_points():
    # numpy.polyfit of these: 0.982 x + 0.56
    push = line(["0 -> 0.8", "10 -> 10.2", "20 -> 19.8", "30 -> 30.4", "40 -> 39.8"])
    for x in range(-400, 801):
        assert abs(500 * push(x) - (491 * x + 2800)) <= 250 + 30  # the slope has 14 bits


def test_every_line_of_two_points_is_right_within_half_a_tenth():
    for a, b in ((1000, 999), (500, 1000), (1000, 501), (-1000, -777), (3, 4), (7, 5)):
        push = CalibrateLinear(
            ["0.0 -> 0.0", "%s%d.%d -> %s%d.%d" % (text(a) + text(b))], -1000, 1000
        ).push
        for x in (-999, -400, -3, 0, 8, 333, 800):
            if abs(x * b) <= 1000 * abs(a):
                assert abs(2 * (push(x) * a - x * b)) <= abs(a) + abs(a) // 8, (a, b, x)


def text(tenths):
    return ("-" if tenths < 0 else "", abs(tenths) // 10, abs(tenths) % 10)


def test_results_stay_in_range():
    push = line(["0 -> 5", "100 -> 100"], 0, 1000)
    assert push(1000) == 1000
    push = line(["0 -> 5", "50 -> 55"], 0, 1000)
    assert push(990) == 1000
    assert line(["10 -> 0", "60 -> 50"], 0, 1000)(50) == 0


def test_what_is_wrong_is_named():
    for points in (
        None,
        [],
        ["0 -> 0"],
        9 * ["0 -> 0"],
        ["0 -> 0", "20"],
        ["0 -> 0", "20 -> "],
        ["0 -> 0", "20 -> 20 -> 20"],
        ["0 -> 0", "20 -> 20.85"],
        ["0 -> 0", "20 -> 101"],
        ["0 -> 0", 20],
        ["0 -> 0", "x -> y"],
    ):
        check_refusal(points, "points as")
    for points in (
        ["20 -> 20", "20 -> 20"],
        ["0 -> 0", "20 -> 9.9"],
        ["0 -> 0", "20 -> 40.1"],
        ["0 -> 0", "20 -> -20"],
    ):
        check_refusal(points, "a slope of 0.5..2")


def check_refusal(points, message):
    try:
        CalibrateLinear(points, -400, 800)
    except ValueError as e:
        assert message in str(e), e
        assert "filter calibrate_linear: " in str(e)
    else:
        raise AssertionError("accepted: %r" % (points,))
