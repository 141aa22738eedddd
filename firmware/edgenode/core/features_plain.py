"""The features of the last readings in plain Python: the reference for the native ones."""

from array import array

from .catalogue import CHANNELS, KINDS, WINDOW_MAX, depth_of, parse
from .compat import const
from .ema import Ema
from .moisture import absolute_dg, dew_point_dc
from .ring import Channel
from .trackers import Level, Range, Squares, Sums

_X_MAX = const(32766)
_PAIR_BYTES = const(3)  # of a kept reading, see core.pairs

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


class Features:
    def __init__(self, names):
        wanted = [parse(name) for name in names]
        depth = self._depth = depth_of(wanted)
        self._channels = [Channel(_size(wanted, c, depth)) for c in range(len(CHANNELS))]
        known = {}
        self._values = [_value(self._channels[c], kind, n, known) for c, kind, n in wanted]
        self.x = array("h", bytes(2 * len(names)))
        self._kept = [tracker for channel in self._channels for tracker in channel.kept]
        self.kept_bytes = 1 + _PAIR_BYTES * depth + sum([k.kept_bytes for k in self._kept])
        self._n = 0

    def clear(self):
        self._n = 0
        for channel in self._channels:
            channel.clear()

    def save(self, buf, at):
        from .pairs import pack  # where a node sleeps

        t, h = self._channels[0].ring, self._channels[1].ring
        n = buf[at] = self._n
        at += 1
        for i in range(at, at + _PAIR_BYTES * n, _PAIR_BYTES):
            n -= 1
            pack(buf, i, t.ago(n), h.ago(n))
        at += _PAIR_BYTES * self._depth
        for tracker in self._kept:
            tracker.save(buf, at)
            at += tracker.kept_bytes

    def load(self, buf, at):
        from .pairs import replay

        self.clear()
        replay(buf, at, self._feed)
        at += 1 + _PAIR_BYTES * self._depth
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


def _size(wanted, c, depth):
    # t and h of the longest window are all that a restored node needs: the rest follows
    return depth if c < 2 else depth_of([w for w in wanted if w[0] == c])


def _value(channel, kind, n, known):
    cls, name = _TRACKERS[kind]
    key = (channel, cls, n)
    if key not in known:
        tracker = known[key] = cls(channel.ring, n) if n else cls(channel.ring)
        channel.track(tracker, KINDS[kind] != WINDOW_MAX)
    return getattr(known[key], name)
