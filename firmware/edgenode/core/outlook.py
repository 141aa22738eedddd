"""What comes next: a reading plus a share of how far it runs ahead of its own average."""

from array import array
from struct import pack_into, unpack_from

from .compat import const
from .decode import H_MAX_PM, H_MIN_PM, T_MAX_DC, T_MIN_DC
from .ema import Ema

_RANGE = ((10 * T_MIN_DC, 10 * T_MAX_DC), (10 * H_MIN_PM, 10 * H_MAX_PM))
_KEPT = "<Bii"
_EMA_BYTES = const(4)
_HEAD_BYTES = const(17)  # _KEPT and both averages
_PENDING = "<ihh"
_PENDING_BYTES = const(8)
_NONE = const(-1)
_SUM_MAX = const(1 << 28)  # then both sums are halved: what is long ago counts less


def slots_of(minutes, period_ms):
    # whole periods of a horizon, at least one
    return max(1, (minutes * 60000 + (period_ms >> 1)) // period_ms)


def hundredths(v):
    sign = "-" if v < 0 else ""
    v = abs(v)
    return "%s%d.%02d" % (sign, v // 100, v % 100)


def _within(c, y):
    low, high = _RANGE[c]
    return low if y < low else high if y > high else y


class Outlook:
    # facts (core.headcheck has the limits), None without forecasts: minutes (of the horizons,
    # ascending), k (of the average, alpha = 2**-k), t and h (a share in 256ths for each horizon),
    # t_band and h_band (hundredths, within which 90 % of the errors lay). limits: a core.limits
    # or None. period_ms: of the model; set_period() gives that of the node.
    # Bounds: the distance from the average is within 12,001 hundredths and a share is at most
    # 1,023, their product below 12.3e6; an error and a value of both channels together are below
    # 24,000.
    def __init__(self, facts, limits, period_ms):
        facts = facts or {"minutes": [], "k": 1, "t": [], "h": [], "t_band": [], "h_band": []}
        self.minutes = facts["minutes"]
        self.limits = limits
        self._period_ms = period_ms
        n = len(self.minutes)
        self._slots = array("i", [slots_of(m, period_ms) for m in self.minutes])
        self._shares = (array("h", facts["t"]), array("h", facts["h"]))
        self._bands = (array("h", facts["t_band"]), array("h", facts["h_band"]))
        self._emas = (Ema(None, facts["k"]), Ema(None, facts["k"]))
        self._values = (array("h", bytes(2 * n)), array("h", bytes(2 * n)))
        self._t_dc = self._h_pm = 0
        self._made = array("i", bytes(4 * n))
        self._pending = (array("h", bytes(2 * n)), array("h", bytes(2 * n)))
        self.error = self.size = 0  # sum|y - y^|, sum|y| of those that came due, C and %RH alike
        self.kept_bytes = _HEAD_BYTES + _PENDING_BYTES * n + (limits.kept_bytes if limits else 0)
        self.set_period(period_ms)

    def set_period(self, period_ms):
        # Shares and average are for readings of the model's period: at another there is no
        # forecast.
        self.n = len(self.minutes) if period_ms == self._period_ms else 0
        self._warm = 0
        self._forget()

    def _forget(self):
        self._is_new = False  # a reading whose values are not computed
        for i in range(2):
            self._emas[i].clear()
        for i in range(len(self._made)):
            self._made[i] = _NONE

    def clear(self):
        # Nothing is known any more; the sums stay.
        self._forget()
        if self.limits:
            self.limits.clear()

    def push(self, slot, t_dc, h_pm, age):
        # slot, age: as in core.pipeline -> what changed, see core.limits
        if age == 1:
            self._forget()
        self._warm = 1
        self._emas[0].push(t_dc)
        self._emas[1].push(h_pm)
        self._t_dc = t_dc
        self._h_pm = h_pm
        self._is_new = True
        self._turn(slot)
        return self._watch() if self.limits else 0

    def _watch(self):
        return self.limits.push(self._t_dc, self._h_pm, self.values, self.n)

    def _turn(self, slot):
        # One forecast of each horizon waits: the next one when its time has come.
        i = 0
        while i < self.n:
            since = self._made[i]
            if since == _NONE:
                self._make(i, slot)
            elif slot - since >= self._slots[i]:
                self._judge(i)
                self._make(i, slot)
            i += 1

    def _make(self, i, slot):
        t, h = self.values
        self._made[i] = slot
        self._pending[0][i] = t[i]
        self._pending[1][i] = h[i]

    def _judge(self, i):
        # the one that waited: a gap would have cleared it
        t = 10 * self._t_dc
        h = 10 * self._h_pm
        self.error += abs(t - self._pending[0][i]) + abs(h - self._pending[1][i])
        self.size += abs(t) + h
        if self.error > _SUM_MAX or self.size > _SUM_MAX:
            self.error >>= 1
            self.size >>= 1

    @property
    def values(self):
        # of t and of h, hundredths for each horizon; only what is asked for is computed
        if self._is_new:
            self._is_new = False
            self._look(0, 10 * self._t_dc)
            self._look(1, 10 * self._h_pm)
        return self._values

    def _look(self, c, level):
        ahead = self._emas[c].value()
        shares = self._shares[c]
        i = 0
        while i < self.n:
            self._values[c][i] = _within(c, level + ((shares[i] * ahead + 128) >> 8))
            i += 1

    def say(self, link, seq):
        # by the reading seq, while there is a broker: a newer one follows soon
        if self.n and link.up:
            link.outlook(seq, self.text())

    def text(self):
        # JSON, by horizon
        parts = []
        for i in range(self.n):
            figures = tuple(
                [hundredths(f[c][i]) for f in (self.values, self._bands) for c in (0, 1)]
            )
            parts.append(
                '"%d":{"t":%s,"h":%s,"t_band":%s,"h_band":%s}' % ((self.minutes[i],) + figures)
            )
        return "{%s}" % ",".join(parts)

    def save(self, buf, at):
        pack_into(_KEPT, buf, at, self._warm, self.error, self.size)
        at += _HEAD_BYTES - 2 * _EMA_BYTES
        for ema in self._emas:
            ema.save(buf, at)
            at += _EMA_BYTES
        for i in range(len(self._made)):
            waiting = (self._made[i], self._pending[0][i], self._pending[1][i])
            pack_into(_PENDING, buf, at, *waiting)
            at += _PENDING_BYTES
        if self.limits:
            self.limits.save(buf, at)

    def load(self, buf, at):
        self._warm, self.error, self.size = unpack_from(_KEPT, buf, at)
        at += _HEAD_BYTES - 2 * _EMA_BYTES
        for ema in self._emas:
            ema.clear()
            if self._warm:
                ema.push(0)  # a reading, so that what follows is no first one
            ema.load(buf, at)
            at += _EMA_BYTES
        for i in range(len(self._made)):
            waiting = unpack_from(_PENDING, buf, at)
            self._made[i], self._pending[0][i], self._pending[1][i] = waiting
            at += _PENDING_BYTES
        if self.limits:
            self.limits.load(buf, at)
