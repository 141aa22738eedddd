from edgenode.core.hold import Hold


def test_the_class_holds_for_a_while():
    h = Hold(600)
    assert not h.good(0)
    assert [h.failed(s) for s in (60, 600, 659, 660, 720)] == [False, False, False, True, False]
    assert h.good(780)
    assert not h.good(840)
    assert not h.failed(900)
    assert h.failed(1500)


def test_one_good_reading_starts_it_again():
    h = Hold(600)
    assert not h.failed(0)
    assert not h.good(500)
    assert not h.failed(600)
    assert not h.failed(1199)
    assert h.failed(1200)


def test_without_time_a_failure_is_a_fault():
    assert Hold(0).failed(5)
