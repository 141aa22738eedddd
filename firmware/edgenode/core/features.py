"""The catalogue: feature names such as h_slope_30 become integer hundredths.

<channel>_<kind>[_<n>]. Channels: t, h, d (dew point), a (absolute humidity, g/m3). Kinds: level,
diff (from the reading before), since (readings since the value changed); mean, dev (from the
mean), slope (rise of the fitted line over the window), range and std over the last n readings;
ema_<k> is the distance from the exponential average with alpha = 2**-k. Rounded half up.
"""

from array import array

from .compat import const
from .moisture import absolute_dg, dew_point_dc
from .ring import Ring
from .trackers import WINDOW_MAX, Ema, Level, Range, Squares, Sums

_X_MAX = 32766
_EMA_MAX = 10
_WINDOWED = (Sums, Squares, Range)
# A kept reading: t and h in 12 bits each, so -1024..3071; what the trackers ask for is narrower.
_PAIR_BYTES = const(3)
_BIAS = const(1024)

CHANNELS = "thda"
# kind: (tracker, its method, largest n or 0 for none)
KINDS = {
    "level": (Level, "value", 0),
    "diff": (Level, "diff", 0),
    "since": (Level, "since", 0),
    "mean": (Sums, "mean", WINDOW_MAX),
    "dev": (Sums, "dev", WINDOW_MAX),
    "slope": (Sums, "slope", WINDOW_MAX),
    "std": (Squares, "std", WINDOW_MAX),
    "range": (Range, "value", WINDOW_MAX),
    "ema": (Ema, "value", _EMA_MAX),
}


def parse(name):
    # -> (channel index, kind, n); n = 0 where the kind has none
    part = name.split("_")
    kind = part[1] if len(part) in (2, 3) else ""
    channel = CHANNELS.find(part[0]) if len(part[0]) == 1 else -1
    if channel >= 0 and kind in KINDS:
        n_max = KINDS[kind][2]
        if len(part) == 2 and not n_max:
            return channel, kind, 0
        if len(part) == 3 and n_max and part[2].isdigit() and part[2][0] != "0":
            n = int(part[2])
            if n <= n_max:
                return channel, kind, n
    raise ValueError("feature %s is not known: see edgenode/core/features.py" % name)


class Channel:
    def __init__(self, wanted, size):
        # size: readings that its ring holds at least
        for kind, n in wanted:
            if KINDS[kind][0] in _WINDOWED:
                size = max(size, n)
        self.used = bool(wanted)
        self.ring = Ring(size)
        self.kept = []
        self._trackers = []

    def method(self, kind, n, known):
        # known: trackers of this channel by class and n
        cls, name, n_max = KINDS[kind]
        key = (cls, n)
        if key not in known:
            tracker = cls(self.ring, n) if n_max else cls(self.ring)
            if cls not in _WINDOWED:
                self.kept.append(tracker)
            known[key] = tracker
            self._trackers.append(tracker)
        return getattr(known[key], name)

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
        depth = self._depth = max([1] + [n for _, k, n in wanted if KINDS[k][0] in _WINDOWED])
        self._channels = [
            Channel([w[1:] for w in wanted if w[0] == c], depth if c < 2 else 1) for c in range(4)
        ]
        known = ({}, {}, {}, {})
        self._values = [self._channels[c].method(kind, n, known[c]) for c, kind, n in wanted]
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
