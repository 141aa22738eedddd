from edgenode.core.hold import Hold


def test_a_fault_once_and_its_end_once():
    hold = Hold(300)
    assert not hold.note_good(100)
    assert [hold.note_failed(s) for s in (160, 399, 400, 460)] == [False, False, True, False]
    assert hold.fault
    assert [hold.note_good(s) for s in (520, 580)] == [True, False]
    assert [hold.note_failed(s) for s in (640, 879, 880)] == [False, False, True]


def test_one_good_reading_starts_the_time_again():
    hold = Hold(300)
    for s in range(0, 6000, 100):
        if s % 300:
            assert not hold.note_failed(s)
        else:
            assert not hold.note_good(s)


def test_a_sensor_that_never_answered():
    hold = Hold(300)
    assert [hold.note_failed(s) for s in (50, 349, 350, 9000)] == [False, False, True, False]


def test_no_time_to_hold():
    hold = Hold(0)
    assert hold.note_failed(7)
    assert hold.note_good(8)
