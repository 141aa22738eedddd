"""When to read: one result a slot, 2 s between reads, retries, supply; never sleeps."""

from ..core.compat import const
from ..core.decode import ERRORS, OK, TIMEOUT

# Aosong AM2302 datasheet: 2 s between reads, 1 s after power.
_BETWEEN_MS = const(2000)
_WARM_MS = const(1000)
_OFF_MS = const(1500)  # until the capacitor beside the sensor is empty


class Sensor:
    # dht.read(out) -> code; supply.set(on), or None; ticks_diff and ticks_add as in time;
    # settings: period_ms, retries, cycle_after (failed slots in a row), cold (just powered).
    # start() begins a slot, poll() until it gives the slot's code. Between slots poll() has work
    # too when due_ms() is not None: the supply comes back.
    def __init__(self, dht, supply, ticks_diff, ticks_add, settings):
        self._dht = dht
        self._supply = supply
        self._diff = ticks_diff
        self._add = ticks_add
        self.period_ms = settings["period_ms"]
        self._retries = settings["retries"]
        self._cycle_after = settings["cycle_after"]
        self._cold_ms = _WARM_MS if settings["cold"] else 0
        self.counts = [0] * len(ERRORS)  # reads by what became of them
        self.cycles = 0
        self._left = 0  # reads that this slot may still take
        self._code = None  # of the last one in this slot
        self._bad = self._bad_before = 0  # failed slots in a row
        self._off = False  # the supply, until _WARM_MS before _next_ms
        self._now_ms = self._end_ms = 0
        self._next_ms = None  # earliest next read
        if supply is not None:
            supply.set(True)

    def status(self):
        # for diag
        return {
            "reads": {ERRORS[i]: n for i, n in enumerate(self.counts) if n},
            "cycles": self.cycles,
            "encoding": self._dht.encoding,
        }

    def start(self, now_ms):
        if self._next_ms is None:
            self._next_ms = self._add(now_ms, self._cold_ms)
        self._end_ms = self._add(now_ms, self.period_ms)
        self._left = 1 + self._retries
        self._code = None

    def poll(self, now_ms, out):
        # -> code, or None: not yet, or no slot waits for one
        self._now_ms = now_ms
        if self._off and self._diff(self._next_ms, now_ms) <= _WARM_MS:
            self._supply.set(True)
            self._off = False
            self._next_ms = self._add(now_ms, _WARM_MS)
        if not self._left:
            return None
        if self._diff(self._next_ms, now_ms) <= 0:
            return self._read(now_ms, out)
        if self._diff(self._end_ms, self._next_ms) > 0:
            return None
        self._left = 0  # the supply comes back too late for this slot: nothing was read
        return TIMEOUT

    def due_ms(self, now_ms):
        # -> until poll() has something to do; None: nothing before the next start()
        if not (self._off or self._left):
            return None
        wait_ms = self._diff(self._next_ms, now_ms) - (_WARM_MS if self._off else 0)
        return wait_ms if wait_ms > 0 else 0

    def refuse(self, code):
        # The reading that poll() just called good is not plausible: for this slot it counts as
        # `code`, and as a failed one.
        self.counts[OK] -= 1
        self.counts[code] += 1
        self._bad = self._bad_before
        self._count_failure()

    def _read(self, now_ms, out):
        # A retry leaves room for the first read of the next slot, and is left out when it is late.
        if self._code is None or self._diff(self._end_ms, now_ms) >= _BETWEEN_MS:
            self._code = self._dht.read(out)
            self.counts[self._code] += 1
            self._next_ms = self._add(now_ms, _BETWEEN_MS)
            self._left -= 1
            if self._code and self._left and self._has_room():
                return None
        return self._end_slot()

    def _has_room(self):
        return self._diff(self._end_ms, self._next_ms) >= _BETWEEN_MS

    def _end_slot(self):
        self._left = 0
        if self._code:
            self._count_failure()
        else:
            self._bad_before = self._bad
            self._bad = 0
        return self._code

    def _count_failure(self):
        self._bad += 1
        if self._supply is not None and self._bad % self._cycle_after == 0:
            self._supply.set(False)
            self._off = True
            self.cycles += 1
            self._next_ms = self._add(self._now_ms, _OFF_MS + _WARM_MS)
