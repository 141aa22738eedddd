"""The features of the last readings in plain Python: the reference for the native ones."""

from array import array

from .catalogue import KINDS, WINDOW_MAX, depth_of, parse
from .compat import const
from .ema import Ema
from .moisture import absolute_dg, dew_point_dc
from .ring import Ring
from .trackers import Level, Range, Squares, Sums

_X_MAX = const(32766)
# A kept reading: t and h in 12 bits each, so -1024..3071; what the trackers ask for is narrower.
_PAIR_BYTES = const(3)
_BIAS = const(1024)

# kind: (tracker, its method)
_TRACKERS = {
    "level": (Level, "value"),
    "diff": (Level, "diff"),
    "since": (Level, "since"),
    "mean": (Sums, "mean"),
    "dev": (Sums, "dev"),
    "slope": (Sums, "slope"),
    "std": (Squares, "std"),
    "range": (Range, "value"),
    "ema": (Ema, "value"),
}


class Channel:
    def __init__(self, wanted, size):
        # size: readings that its ring holds at least
        for kind, n in wanted:
            if _TRACKERS[kind][0] in (Sums, Squares):
                size = max(size, n)
        self.used = bool(wanted)
        self.ring = Ring(size)
        self.kept = []
        self._trackers = []
        self._known = {}

    def method(self, kind, n):
        cls, name = _TRACKERS[kind]
        key = (cls, n)
        if key not in self._known:
            tracker = cls(self.ring, n) if n else cls(self.ring)
            if KINDS[kind] != WINDOW_MAX:
                self.kept.append(tracker)
            self._known[key] = tracker
            self._trackers.append(tracker)
        return getattr(self._known[key], name)

    def clear(self):
        for tracker in self._trackers:
            tracker.clear()

    def push(self, x):
        for tracker in self._trackers:
            tracker.push(x)
        self.ring.push(x)


class Features:
    def __init__(self, names):
        wanted = [parse(name) for name in names]
        # t and h of the longest window are all that a restored node needs: the rest follows
        depth = self._depth = depth_of(wanted)
        self._channels = [
            Channel([w[1:] for w in wanted if w[0] == c], depth if c < 2 else 1) for c in range(4)
        ]
        self._values = [self._channels[c].method(kind, n) for c, kind, n in wanted]
        self.x = array("h", bytes(2 * len(names)))
        self._kept = [tracker for channel in self._channels for tracker in channel.kept]
        self.kept_bytes = 1 + _PAIR_BYTES * depth + sum([k.kept_bytes for k in self._kept])
        self._n = 0

    def clear(self):
        self._n = 0
        for channel in self._channels:
            channel.clear()

    def save(self, buf, at):
        t, h = self._channels[0].ring, self._channels[1].ring
        n = buf[at] = self._n
        at += 1
        for i in range(at, at + _PAIR_BYTES * n, _PAIR_BYTES):
            n -= 1
            t_dc = t.ago(n) + _BIAS
            h_pm = h.ago(n) + _BIAS
            buf[i] = t_dc & 0xFF
            buf[i + 1] = t_dc >> 8 | (h_pm & 15) << 4
            buf[i + 2] = h_pm >> 4
        at += _PAIR_BYTES * self._depth
        for tracker in self._kept:
            tracker.save(buf, at)
            at += tracker.kept_bytes

    def load(self, buf, at):
        self.clear()
        n = buf[at]
        at += 1
        for i in range(at, at + _PAIR_BYTES * n, _PAIR_BYTES):
            both = buf[i + 1]
            t_dc = ((both & 15) << 8 | buf[i]) - _BIAS
            self._feed(t_dc, (buf[i + 2] << 4 | both >> 4) - _BIAS)
        at += _PAIR_BYTES * self._depth
        for tracker in self._kept:
            tracker.load(buf, at)
            at += tracker.kept_bytes

    def push(self, t_dc, h_pm):
        self._feed(t_dc, h_pm)
        x = self.x
        i = 0
        for value in self._values:
            v = value()
            if v > _X_MAX:
                v = _X_MAX
            elif v < -_X_MAX:
                v = -_X_MAX
            x[i] = v
            i += 1
        return x

    def _feed(self, t_dc, h_pm):
        if self._n < self._depth:
            self._n += 1
        channels = self._channels
        channels[0].push(t_dc)
        channels[1].push(h_pm)
        if channels[2].used:
            channels[2].push(dew_point_dc(t_dc, h_pm))
        if channels[3].used:
            channels[3].push(absolute_dg(t_dc, h_pm))
