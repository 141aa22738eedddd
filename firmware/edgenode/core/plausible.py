"""Readings that are in range and still wrong: jumps that do not last, a sensor that is stuck."""

from struct import pack_into, unpack_from

from .compat import const
from .decode import OK, SPIKE, STUCK
from .pipeline import GAP_SLOTS

_KEPT = "<ihhhhHH"
_CONFIRM = const(3)  # readings in a row that agree on a new place: the jump was real
# Both channels unchanged: 50 readings or 39 minutes at most in 20,560 readings of an office (UCI),
# 93,003 of nine rooms (Intel Lab) and 6,155 of a DHT22 (GeoSensorWeb), two hours where the same
# data are thinned to a reading an hour; temperature alone stays for hours. A DHT11 has steps of
# 1 C and 1 %RH: two of them were flat for 3.6 of 10 hours.
_STUCK_S = {"dht22": 14400, "dht11": 86400}
_STUCK_LEAST = const(60)


def stuck_n(kind, period_ms):
    # readings in a row
    return max(_STUCK_LEAST, _STUCK_S[kind] // max(1, period_ms // 1000))


class Plausible:
    # max_delta: tenths that t and h may change from one reading to the next, 0: any; stuck_n:
    # equal readings in a row from which on the sensor is stuck, 0: never.
    kept_bytes = 16

    def __init__(self, max_delta, stuck_n):
        self._max_t_dc, self._max_h_pm = max_delta
        self._stuck_n = stuck_n
        self._slot = None
        self._t_dc = self._h_pm = 0  # of the last good reading
        self._new_t_dc = self._new_h_pm = 0  # where a jump went
        self._new_n = self._same_n = 0

    def save(self, buf, at):
        slot = -1 if self._slot is None else self._slot
        state = (self._t_dc, self._h_pm, self._new_t_dc, self._new_h_pm, self._new_n, self._same_n)
        pack_into(_KEPT, buf, at, slot, *state)

    def load(self, buf, at):
        (
            slot,
            self._t_dc,
            self._h_pm,
            self._new_t_dc,
            self._new_h_pm,
            self._new_n,
            self._same_n,
        ) = unpack_from(_KEPT, buf, at)
        self._slot = None if slot < 0 else slot

    def _far(self, t_dc, h_pm, from_t_dc, from_h_pm):
        max_t_dc, max_h_pm = self._max_t_dc, self._max_h_pm
        return (max_t_dc and abs(t_dc - from_t_dc) > max_t_dc) or (
            max_h_pm and abs(h_pm - from_h_pm) > max_h_pm
        )

    def check(self, slot, t_dc, h_pm):
        # -> OK, SPIKE or STUCK; slot counts periods
        known = self._slot is not None and slot - self._slot <= GAP_SLOTS
        if known and self._far(t_dc, h_pm, self._t_dc, self._h_pm):
            if not self._new_n or self._far(t_dc, h_pm, self._new_t_dc, self._new_h_pm):
                self._new_n = 0
            self._new_t_dc = t_dc
            self._new_h_pm = h_pm
            self._new_n += 1
            self._slot = slot
            if self._new_n < _CONFIRM:
                return SPIKE
        self._new_n = 0
        if known and t_dc == self._t_dc and h_pm == self._h_pm:
            self._same_n += 1
        else:
            self._same_n = 1
        self._slot = slot
        self._t_dc = t_dc
        self._h_pm = h_pm
        return STUCK if self._stuck_n and self._same_n >= self._stuck_n else OK
