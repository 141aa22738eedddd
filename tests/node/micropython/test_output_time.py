# Minimum times by the node's own clock: ticks_ms wraps, and the time of day is set back.
import time as real_time

from edgenode.core import outputcheck
from edgenode.core.decide import Confirm
from edgenode.core.outputs import Outputs, Switch
from edgenode.drivers import clock as clocks

_TICKS = 1 << 30


class Time:
    # of an ESP32, which counts from 2000; ticks_ms wraps within the test
    now_ms = _TICKS - 100000
    day_s = 800000000

    def ticks_ms(self):
        return self.now_ms % _TICKS

    def ticks_diff(self, a, b):
        return (a - b + _TICKS // 2) % _TICKS - _TICKS // 2

    def time(self):
        return self.day_s + self.now_ms // 1000

    def time_ns(self):
        return self.time() * 1000000000

    def gmtime(self, seconds):
        return real_time.gmtime(seconds)[:8]  # the unix port has nine


class Pin:
    def __init__(self):
        self.record = []

    def set(self, on):
        self.record.append(on)


def test_times_are_those_that_passed():
    fake = clocks.time = Time()
    clock = clocks.Clock()
    clock.set(1700000000)
    begin_ms = fake.now_ms
    (row,) = outputcheck.read([{"name": "a", "pin": 1, "on": "b", "min_off_s": 300}])
    pin, confirm = Pin(), Confirm(1, 1, 2)
    outputs = Outputs([Switch(row, pin, clock.uptime_s())], 600)
    outputs.connect(("a", "b"), confirm, None, None)
    confirm.push(1)
    outputs.note_good(clock.uptime_s(), 1)
    changes = []
    while fake.now_ms < begin_ms + 400000:
        fake.now_ms += 500
        if fake.now_ms == begin_ms + 200000:
            before_s = clock.unix_s()
            clock.set(before_s - 86400)
            fake.day_s -= 86400
            assert clock.unix_s() < before_s - 86000
        if outputs.step(clock.uptime_s()):
            changes.append(fake.now_ms - begin_ms)
    clocks.time = real_time
    assert (changes, pin.record) == ([300000], [True])
