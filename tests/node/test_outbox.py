from edgenode.link.outbox import Outbox

CLASSES = ['"a"', '"b"']


class Spool:
    # keeps what it is given, as long as it has room
    def __init__(self, room=1000, readings=()):
        self.room = room
        self.readings = list(readings)
        self.lost = 0

    @property
    def count(self):
        return len(self.readings)

    def push(self, reading):
        if not self.room:
            return False
        self.room -= 1
        self.readings.append(reading)
        return True

    def peek(self, cursor=None):
        i = cursor[0] if cursor else 0
        return (
            (self.readings[i], CLASSES[self.readings[i][5]], (i + 1, 0))
            if i < len(self.readings)
            else None
        )

    def done(self, cursor):
        self.readings = self.readings[cursor[0] :]

    def skip(self, boot, seq):
        if self.readings and self.readings[0][:2] == (boot, seq):
            self.readings.pop(0)


def render(reading, cls):
    return "%d.%d" % (reading[0], reading[1])


def push_readings(box, seqs, ts=1000):
    for seq in seqs:
        box.keep()
        box.push(seq, ts + seq, seq, seq, 2 * seq, 0, 50, 0)


def drain(box, size=1024):
    # everything as it would be sent, each acknowledged
    texts = []
    while len(box):
        message = box.newest(render) or box.batch(render, size)
        texts.append(message[0])
        box.acknowledge(message[1])
    return texts


def fill_outbox(size, n, spool=None):
    box = Outbox(size, spool, 7, CLASSES)
    push_readings(box, range(1, n + 1))
    return box


def test_the_newest_goes_first_then_the_others_oldest_first():
    assert drain(fill_outbox(10, 4)) == ["7.4", "[7.1,7.2,7.3]"]


def test_messages_are_bounded():
    texts = drain(fill_outbox(20, 20), 20)
    assert texts[0] == "7.20"
    assert all([len(s) <= 20 for s in texts])
    assert ",".join([s.strip("[]") for s in texts[1:]]) == ",".join(
        ["7.%d" % i for i in range(1, 20)]
    )


def test_a_full_box_drops_the_oldest_and_counts():
    box = fill_outbox(10, 13)
    assert (len(box), box.dropped) == (10, 3)
    assert drain(box) == ["7.13", "[7.4,7.5,7.6,7.7,7.8,7.9,7.10,7.11,7.12]"]
    assert box.delivered == 10


def test_acknowledging_twice_counts_once():
    box = fill_outbox(10, 2)
    token = box.newest(render)[1]
    box.acknowledge(token)
    box.acknowledge(token)
    assert box.delivered == 1


def test_acknowledged_readings_are_not_counted_as_dropped():
    box = fill_outbox(10, 10)
    box.acknowledge(box.newest(render)[1])
    push_readings(box, range(11, 20))
    assert box.dropped == 9
    push_readings(box, range(20, 21))
    assert box.dropped == 9


def test_content_and_relative_time():
    box = Outbox(10, None, 7, CLASSES)
    box.push(1, None, 33, -5, 1000, 1, 100, 0)
    calls = []
    box.newest(lambda reading, cls: calls.append((reading, cls)))
    assert calls == [((7, 1, 33, -5, 1000, 1, 100, 0, 1, -1), '"b"')]


def test_an_undisturbed_node_never_writes():
    spool = Spool()
    box = Outbox(10, spool, 7, CLASSES)
    for seq in range(1, 30):
        push_readings(box, (seq,))
        drain(box)
    assert spool.room == 1000


def test_all_but_the_newest_is_on_flash():
    spool = Spool()
    box = fill_outbox(10, 4, spool)
    assert [r[1] for r in spool.readings] == [1, 2, 3]
    assert len(box) == 4
    assert drain(box) == ["7.4", "[7.1,7.2,7.3]"]
    assert (spool.readings, box.dropped) == ([], 0)


def test_what_ram_has_no_room_for_comes_from_flash():
    spool = Spool()
    box = fill_outbox(5, 12, spool)
    assert (len(box), box.dropped) == (12, 0)
    assert drain(box) == ["7.12", "[7.1,7.2,7.3,7.4,7.5,7.6,7.7]", "[7.8,7.9,7.10,7.11]"]
    assert spool.readings == []
    assert box.delivered == 12


def test_readings_of_an_earlier_start_come_first():
    readings = [(6, seq, 1, 0, 0, 1, 1, 0, 0) for seq in (40, 41)]
    spool = Spool(readings=readings)
    box = fill_outbox(5, 3, spool)
    assert drain(box) == ["7.3", "[6.40,6.41]", "[7.1,7.2]"]


def test_outages_in_the_middle_of_a_drain_lose_nothing():
    spool = Spool()
    box = Outbox(8, spool, 7, CLASSES)
    names = set()
    x = 1
    for seq in range(1, 400):
        push_readings(box, (seq,))
        x = (x * 75 + 74) % 65537
        for _ in range((0, 0, 0, 1, 2, 5)[x % 6]):
            if len(box):
                message, token = box.newest(render) or box.batch(render, 30)
                names.update(message.strip("[]").split(","))
                box.acknowledge(token)
    for message in drain(box):
        names.update(message.strip("[]").split(","))
    assert names == set(["7.%d" % i for i in range(1, 400)])
    assert box.dropped == 0


def test_a_flash_that_takes_nothing_leaves_the_ram():
    box = fill_outbox(10, 13, Spool(room=0))
    assert (len(box), box.dropped) == (10, 3)
