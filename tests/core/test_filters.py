from edgenode.core.filters import Median, build


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
    assert len(build([{"median": {"window_size": 3}}])) == 1
