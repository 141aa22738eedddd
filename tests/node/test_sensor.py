from array import array

from edgenode.core.decode import OK, SPIKE, TIMEOUT
from edgenode.core.filters import calibration
from edgenode.core.plausible import Plausible
from edgenode.drivers.sensor import Sensor

TAKES_MS = 270


class World:
    # A clock, a supply and a sensor that answers as told; every read is written down.
    def __init__(self, *answers):
        self.now = 0
        self.answers = list(answers)
        self.reads = []
        self.supplied = []

    encoding = 0

    def ticks_ms(self):
        return self.now

    def ticks_add(self, a, ms):
        return a + ms

    def ticks_diff(self, a, b):
        return a - b

    def read(self, out):
        self.reads.append(self.now)
        self.now += TAKES_MS
        answer = self.answers.pop(0) if self.answers else (200, 400)
        if isinstance(answer, int):
            return answer
        out[0], out[1] = answer
        return OK

    def set(self, on):
        self.supplied.append((self.now, on))


def sensor(world, supply=None, retries=1, after=3, calibrated=(None, None)):
    return Sensor(world, Plausible((50, 200), 0), calibrated, supply, world, retries, after)


def run(world, s, slots, period_ms=10000):
    codes = []
    for slot in range(slots):
        world.now = max(world.now, slot * period_ms)
        s.start(slot, period_ms)
        out = array("h", (0, 0))
        while True:
            code = s.poll(world.now, out)
            if code is not None:
                codes.append(code)
                break
            assert world.now < (slot + 1) * period_ms
            world.now += max(1, s.due_ms(world.now))
    return codes


def test_the_first_read_waits_for_the_sensor():
    w = World()
    assert run(w, sensor(w), 1) == [OK]
    assert w.reads == [1000]


def test_one_retry_two_seconds_later():
    w = World(TIMEOUT, (201, 400), TIMEOUT, TIMEOUT)
    s = sensor(w)
    assert run(w, s, 3) == [OK, TIMEOUT, OK]
    assert w.reads == [1000, 3270, 10000, 12270, 20000]
    assert s.told() == {
        "failures": {"timeout": 1},
        "retried": 2,
        "cycles": 0,
        "encoding": "unknown",
    }
    assert s.failed == 1


def test_no_retry_without_room():
    w = World(TIMEOUT)
    assert run(w, sensor(w, retries=3), 3, 4000) == [TIMEOUT, OK, OK]
    assert all([b - a >= 2000 for a, b in zip(w.reads, w.reads[1:])])


def test_what_is_implausible_is_not_read_again():
    w = World((200, 400), (300, 400), (200, 400))
    s = sensor(w)
    assert run(w, s, 3) == [OK, SPIKE, OK]
    assert len(w.reads) == 3


def test_the_supply_is_cycled_after_failures_in_a_row():
    w = World(*[TIMEOUT] * 16)
    s = sensor(w, supply=w, retries=0)
    assert run(w, s, 8) == [TIMEOUT] * 8
    assert s.cycles == 2
    off = [at for at, on in w.supplied if not on]
    on = [at for at, on in w.supplied if on]
    assert len(off) == 2 and len(on) == 3
    for cut in off:
        back = min([at for at in on if at > cut])
        assert back - cut >= 1200
        assert min([at for at in w.reads if at > cut]) - back >= 1000


def test_a_good_read_between_starts_the_count_again():
    w = World(TIMEOUT, TIMEOUT, (200, 400), TIMEOUT, TIMEOUT, (200, 400))
    s = sensor(w, supply=w, retries=0)
    run(w, s, 6)
    assert s.cycles == 0


def test_readings_are_calibrated():
    w = World((200, 400))
    s = sensor(w, calibrated=(calibration(["0 -> 1", "10 -> 11"]), None))
    out = array("h", (0, 0))
    s.start(0, 10000)
    w.now = 1000
    assert s.poll(1000, out) == OK
    assert list(out) == [210, 400]
