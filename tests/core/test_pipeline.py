from edgenode.core.pipeline import Pipeline, slots_between


def test_slots_are_rounded_periods():
    assert slots_between(59000, 60000) == 1
    assert slots_between(10, 60000) == 1
    assert slots_between(89999, 60000) == 1
    assert slots_between(90000, 60000) == 2
    assert slots_between(240000, 60000) == 4


def test_three_slots_go_on_and_four_start_again():
    for gap, expected in ((3, 1500), (4, 2000)):
        p = Pipeline(["t_mean_5"], [])
        p.push(1, 100, 500)
        assert p.push(1 + gap, 200, 500)[0] == expected


def test_filters_start_again_after_a_gap():
    p = Pipeline(["t_level"], [{"median": {"window_size": 3}}])
    for slot in (1, 2, 3):
        p.push(slot, 100, 500)
    assert p.push(4, 300, 500)[0] == 1000
    assert p.push(9, 300, 500)[0] == 3000


def test_both_channels_are_filtered():
    p = Pipeline(["t_level", "h_level"], [{"median": {"window_size": 3}}])
    p.push(1, 100, 500)
    p.push(2, 100, 500)
    assert list(p.push(3, 700, 900)) == [1000, 5000]
