from edgenode.core.decide import Confirm


def test_three_of_five_confirm():
    c = Confirm(3, 5, 2)
    assert [c.push(x) for x in (1, 1)] == [False, False]
    assert c.confirmed == -1
    assert c.push(1) is True
    assert c.confirmed == 1
    assert [c.push(x) for x in (0, 1, 0)] == [False, False, False]
    assert c.push(0) is True
    assert c.confirmed == 0


def test_old_readings_leave_the_window():
    c = Confirm(3, 5, 3)
    for x in (2, 2, 0, 1, 0, 1, 2):
        assert c.push(x) is False
    assert c.push(2) is False
    assert c.push(2) is True


def test_one_of_one_follows_at_once():
    c = Confirm(1, 1, 2)
    assert [c.push(x) for x in (0, 0, 1, 0)] == [True, False, True, True]
