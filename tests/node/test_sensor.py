from array import array

from edgenode.core.decode import CHECKSUM, ERRORS, OK, STUCK, TIMEOUT
from edgenode.drivers.sensor import Sensor

WRAP = 1 << 30


def ticks_diff(a, b):
    return ((a - b + WRAP // 2) & (WRAP - 1)) - WRAP // 2


def ticks_add(a, ms):
    return (a + ms) & (WRAP - 1)


class Bench:
    # A clock that starts shortly before it wraps, a wire that answers from a list (the last one
    # for ever) and a supply that writes down what it is told.
    def __init__(self, codes, supply=True, **settings):
        self.ms = 0
        self.codes = list(codes)
        self.reads = []
        self.switches = []
        config = {"period_ms": 60000, "retries": 1, "cycle_after": 5, "cold": False}
        config.update(settings)
        self.period_ms = config["period_ms"]
        self.out = array("h", (0, 0))
        self.sensor = Sensor(self, self if supply else None, ticks_diff, ticks_add, config)

    def read(self, out):
        self.reads.append(self.ms)
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]

    def set(self, on):
        self.switches.append((self.ms, on))

    def now(self):
        return ticks_add(WRAP - 5000, self.ms)

    def wait(self, end_ms):
        # What the node does until end_ms: it sleeps as long as the sensor lets it. -> code
        code = None
        while True:
            result = self.sensor.poll(self.now(), self.out)
            assert code is None or result is None, "two results in a slot"
            code = result if code is None else code
            due_ms = self.sensor.due_ms(self.now())
            if due_ms is None or self.ms + due_ms >= end_ms:
                self.ms = end_ms
                return code
            assert due_ms > 0, "nothing came of it"
            self.ms += due_ms

    def slots(self, n):
        codes = []
        for _ in range(n):
            self.sensor.start(self.now())
            codes.append(self.wait(self.ms + self.period_ms))
        return codes


def test_one_read_a_slot():
    b = Bench([OK])
    assert b.slots(3) == [OK, OK, OK]
    assert b.reads == [0, 60000, 120000]
    assert b.sensor.counts == [3, 0, 0, 0, 0, 0, 0]


def test_the_first_read_after_power_waits_a_second():
    b = Bench([OK], cold=True)
    assert b.slots(2) == [OK, OK]
    assert b.reads == [1000, 60000]


def test_a_failure_is_tried_again_once_after_two_seconds():
    b = Bench([TIMEOUT, OK, CHECKSUM, TIMEOUT, OK])
    assert b.slots(3) == [OK, TIMEOUT, OK]
    assert b.reads == [0, 2000, 60000, 62000, 120000]
    assert b.sensor.counts == [2, 2, 1, 0, 0, 0, 0]
    assert len(b.sensor.counts) == len(ERRORS)


def test_as_many_retries_as_asked():
    b = Bench([TIMEOUT], retries=3)
    assert b.slots(1) == [TIMEOUT]
    assert b.reads == [0, 2000, 4000, 6000]
    b = Bench([TIMEOUT], retries=0)
    assert b.slots(1) == [TIMEOUT]
    assert b.reads == [0]


def test_no_retry_where_the_next_slot_would_wait_for_it():
    for period_ms, reads in ((2000, 1), (3999, 1), (4000, 2), (5999, 2), (6000, 3)):
        b = Bench([CHECKSUM], supply=False, period_ms=period_ms, retries=9)
        assert b.slots(1) == [CHECKSUM]
        assert len(b.reads) == reads
        b.slots(20)
        assert shortest_gap_ms(b.reads) >= 2000
        assert not [ms for ms in range(0, 20 * period_ms, period_ms) if ms not in b.reads]


def shortest_gap_ms(reads):
    return min([reads[i] - reads[i - 1] for i in range(1, len(reads))])


def test_a_retry_that_comes_too_late_is_left_out():
    b = Bench([CHECKSUM], period_ms=4000)
    b.sensor.start(b.now())
    assert b.sensor.poll(b.now(), b.out) is None
    b.ms = 2500
    assert b.sensor.poll(b.now(), b.out) == CHECKSUM
    assert b.reads == [0]
    assert b.sensor.due_ms(b.now()) is None


def test_due_tells_how_long():
    b = Bench([TIMEOUT])
    assert b.sensor.due_ms(b.now()) is None
    b.sensor.start(b.now())
    assert b.sensor.due_ms(b.now()) == 0
    assert b.sensor.poll(b.now(), b.out) is None
    assert b.sensor.due_ms(b.now()) == 2000
    b.ms = 1999
    assert b.sensor.poll(b.now(), b.out) is None
    assert b.sensor.due_ms(b.now()) == 1
    b.ms = 9000
    assert b.sensor.due_ms(b.now()) == 0


def test_a_dead_sensor_has_its_supply_cut_every_five_slots():
    b = Bench([TIMEOUT], retries=0)
    assert b.slots(12) == 12 * [TIMEOUT]
    cuts = [s for s in b.switches if s[0]]
    assert cuts == [(240000, False), (241500, True), (540000, False), (541500, True)]
    assert b.sensor.cycles == 2
    assert b.switches[0] == (0, True)


def test_a_good_slot_starts_the_count_again():
    b = Bench([TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT, OK] * 4 + [OK], retries=0)
    b.slots(21)
    assert b.sensor.cycles == 0


def test_without_a_supply_nothing_is_cut():
    b = Bench([TIMEOUT], supply=False)
    assert b.slots(12) == 12 * [TIMEOUT]
    assert (b.sensor.cycles, b.switches) == (0, [])


def test_cutting_delays_a_short_slot_and_loses_none():
    for period_ms in (2000, 2500, 3000, 5000):
        b = Bench([TIMEOUT], period_ms=period_ms, retries=0, cycle_after=1, cold=True)
        assert b.slots(50) == 50 * [TIMEOUT]
        assert shortest_gap_ms(b.reads) >= 2500
        off_ms = on_ms = 0
        for ms, on in b.switches[1:]:
            if on:
                assert ms - off_ms >= 1500
                on_ms = ms
            else:
                off_ms = ms
                assert ms - on_ms >= 1000  # it was warm when it was read
        assert b.sensor.cycles >= 39


def test_the_supply_comes_back_though_nobody_asks_before_the_next_slot():
    b = Bench([TIMEOUT, OK], retries=0, cycle_after=1)
    b.sensor.start(b.now())
    assert b.sensor.poll(b.now(), b.out) == TIMEOUT
    b.ms = 60000
    assert b.slots(1) == [OK]
    assert b.switches == [(0, True), (0, False), (60000, True)]
    assert b.reads == [0, 61000]


def test_what_is_refused_counts_as_failed():
    b = Bench([OK])
    for _ in range(10):
        assert b.slots(1) == [OK]
        b.sensor.refuse(STUCK)
    assert b.sensor.cycles == 2
    assert b.sensor.counts == [0, 0, 0, 0, 0, 10, 0]
    assert b.slots(3) == [OK, OK, OK]
    for _ in range(4):
        b.slots(1)
        b.sensor.refuse(STUCK)
    assert b.sensor.cycles == 2
    assert b.sensor.counts == [3, 0, 0, 0, 0, 14, 0]
