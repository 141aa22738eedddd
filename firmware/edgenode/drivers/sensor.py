"""The sensor as a state: spaced reads, a bounded retry, a supply that is cycled; never waits."""

from array import array

from ..core.compat import const
from ..core.decode import ENCODINGS, ERRORS, OK

_APART_MS = const(2000)  # between two reads, AM2302 datasheet
_READ_MS = const(300)  # a read takes 270 ms
_OFF_MS = const(1500)
_SETTLE_MS = const(1000)  # after power on, AM2302 datasheet


class Sensor:
    # dht.read(out) -> code; plausible.check(slot, t, h) -> code; calibration: a filter or None
    # for t and h; supply: None or .set(on); clock: drivers.clock
    def __init__(self, dht, plausible, calibration, supply, clock, retries, cycle_after):
        self._dht = dht
        self._plausible = plausible
        self._calibration = calibration
        self._supply = supply
        self._clock = clock
        self._retries = retries
        self._cycle_after = cycle_after
        self._counts = array("I", bytes(4 * len(ERRORS)))
        self._slot = self._left = self._in_row = 0
        self._next_ms = clock.ticks_add(clock.ticks_ms(), _SETTLE_MS)
        self._off = False
        self.retried = self.cycles = 0
        if supply is not None:
            supply.set(True)

    @property
    def failed(self):
        return sum(self._counts) - self._counts[OK]

    def told(self):
        # for diag
        return {
            "failures": {ERRORS[i]: n for i, n in enumerate(self._counts) if i and n},
            "retried": self.retried,
            "cycles": self.cycles,
            "encoding": ENCODINGS[self._dht.encoding],
        }

    def start(self, slot, period_ms):
        # A slot begins; poll() until it has its code. A retry needs room before the next one.
        self._slot = slot
        room = (period_ms - _READ_MS) // _APART_MS - 1
        self._left = max(0, min(self._retries, room))

    def due_ms(self, now_ms):
        return max(0, self._clock.ticks_diff(self._next_ms, now_ms))

    def poll(self, now_ms, out):
        # -> None: not yet; else the code of this slot, and out = t_dc, h_pm where it is OK
        if self._clock.ticks_diff(self._next_ms, now_ms) > 0:
            return None
        if self._off:
            self._off = False
            self._supply.set(True)
            self._next_ms = self._clock.ticks_add(now_ms, _SETTLE_MS)
            return None
        code = self._dht.read(out)
        self._next_ms = self._clock.ticks_add(self._clock.ticks_ms(), _APART_MS)
        if code != OK and self._left:
            self._left -= 1
            self.retried += 1
            return None
        if code == OK:
            code = self._plausible.check(self._slot, out[0], out[1])
        if code == OK:
            for i in range(2):
                if self._calibration[i] is not None:
                    out[i] = self._calibration[i].push(out[i])
        self._count(code, now_ms)
        return code

    def _count(self, code, now_ms):
        self._counts[code] += 1
        self._in_row = self._in_row + 1 if code else 0
        if code and self._supply is not None and self._in_row % self._cycle_after == 0:
            self.cycles += 1
            self._off = True
            self._supply.set(False)
            self._next_ms = self._clock.ticks_add(now_ms, _OFF_MS)
