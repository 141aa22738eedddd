from edgenode.link.outbox import Outbox


def filled(size, n):
    box = Outbox(size)
    for seq in range(1, n + 1):
        box.push(seq, 1000 + seq, seq, 2 * seq, 0, 50, 0)
    return box


def seqs(box):
    return [box.seq(k) for k in range(len(box))]


def test_keeps_order_and_content():
    box = filled(10, 3)
    assert seqs(box) == [1, 2, 3]
    assert box.get(1) == (2, 1002, 2, 4, 0, 50, 0)


def test_a_full_box_drops_the_oldest_and_counts():
    box = filled(10, 13)
    assert seqs(box) == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert box.dropped == 3


def test_acknowledging_the_latest_first():
    box = filled(10, 4)
    box.acknowledge(4, 4)
    assert seqs(box) == [1, 2, 3, 4]
    assert box.done(3)
    box.acknowledge(1, 2)
    assert seqs(box) == [3, 4]
    box.acknowledge(3, 3)
    assert seqs(box) == []
    assert (box.delivered, box.dropped) == (4, 0)


def test_acknowledging_twice_counts_once():
    box = filled(10, 2)
    box.acknowledge(2, 2)
    box.acknowledge(2, 2)
    assert box.delivered == 1


def test_acknowledged_readings_are_not_counted_as_dropped():
    box = filled(10, 10)
    box.acknowledge(10, 10)
    for seq in range(11, 20):
        box.push(seq, 0, 0, 0, 0, 0, 0)
    assert box.dropped == 9
    box.push(20, 0, 0, 0, 0, 0, 0)
    assert box.dropped == 9


def test_without_a_clock_there_is_no_time_stamp():
    box = Outbox(10)
    box.push(1, None, -5, 1000, 3, 100, 2)
    assert box.get(0) == (1, None, -5, 1000, 3, 100, 2)
