from edgenode.core.decode import OK, SPIKE, STUCK
from edgenode.core.plausible import Plausible, stuck_n


def codes(p, readings, slot=0):
    return [p.check(slot + i, t, h) for i, (t, h) in enumerate(readings)]


def test_a_spike_is_refused_and_the_next_reading_taken():
    p = Plausible((50, 200), 0)
    assert codes(p, [(200, 400), (251, 400), (201, 401)]) == [OK, SPIKE, OK]
    assert codes(p, [(200, 400), (200, 650), (201, 401)], 3) == [OK, SPIKE, OK]


def test_a_jump_that_lasts_is_believed():
    p = Plausible((50, 200), 0)
    assert codes(p, [(200, 400), (300, 400), (302, 401), (303, 400), (304, 399)]) == [
        OK,
        SPIKE,
        SPIKE,
        OK,
        OK,
    ]


def test_spikes_that_disagree_are_never_believed():
    p = Plausible((50, 200), 0)
    spikes = [(300, 400), (400, 400), (500, 400), (300, 400), (390, 400), (600, 400)]
    assert codes(p, [(200, 400)] + spikes + [(203, 400)]) == [OK] + [SPIKE] * 6 + [OK]


def test_after_a_gap_everything_may_be_different():
    p = Plausible((50, 200), 0)
    assert p.check(0, 200, 400) == OK
    assert p.check(4, 300, 400) == OK
    assert p.check(7, 400, 400) == SPIKE


def test_zero_lets_every_jump_pass():
    p = Plausible((0, 200), 0)
    assert codes(p, [(200, 400), (800, 400), (-400, 400), (0, 900)]) == [OK, OK, OK, SPIKE]


def test_stuck_needs_both_channels():
    p = Plausible((0, 0), 4)
    assert codes(p, [(200, 400)] * 6) == [OK, OK, OK, STUCK, STUCK, STUCK]
    assert codes(p, [(200, 401), (200, 402), (200, 401), (200, 402)], 6) == [OK] * 4
    assert codes(p, [(200, 402)] * 4, 10) == [OK, OK, STUCK, STUCK]
    assert p.check(20, 200, 402) == OK


def test_the_limit_is_a_time():
    assert stuck_n("dht22", 60000) == 240
    assert stuck_n("dht11", 2000) == 43200
