"""The catalogue: feature names such as h_slope_30 become integer hundredths.

<channel>_<kind>[_<n>]. Channels: t, h, d (dew point), a (absolute humidity, g/m3). Kinds: level,
diff (from the reading before), since (readings since the value changed); mean, dev (from the
mean), slope (rise of the fitted line over the window), range and std over the last n readings;
ema_<k> is the distance from the exponential average with alpha = 2**-k. Rounded half up.
"""

from array import array

from .moisture import absolute_dg, dew_point_dc
from .ring import Ring
from .trackers import WINDOW_MAX, Ema, Level, Range, Squares, Sums

_X_MAX = 32766
_EMA_MAX = 10

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
    def __init__(self, wanted):
        size = 1
        for kind, n in wanted:
            if KINDS[kind][0] in (Sums, Squares):
                size = max(size, n)
        self.used = bool(wanted)
        self._ring = Ring(size)
        self._trackers = []
        self._known = {}

    def method(self, kind, n):
        cls, name, n_max = KINDS[kind]
        key = (cls, n)
        if key not in self._known:
            tracker = cls(self._ring, n) if n_max else cls(self._ring)
            self._known[key] = tracker
            self._trackers.append(tracker)
        return getattr(self._known[key], name)

    def clear(self):
        for tracker in self._trackers:
            tracker.clear()

    def push(self, x):
        for tracker in self._trackers:
            tracker.push(x)
        self._ring.push(x)


class Features:
    def __init__(self, names):
        wanted = [parse(name) for name in names]
        self._channels = [Channel([w[1:] for w in wanted if w[0] == c]) for c in range(4)]
        self._values = [self._channels[c].method(kind, n) for c, kind, n in wanted]
        self.x = array("h", bytes(2 * len(names)))

    def clear(self):
        for channel in self._channels:
            channel.clear()

    def push(self, t_dc, h_pm):
        channels = self._channels
        channels[0].push(t_dc)
        channels[1].push(h_pm)
        if channels[2].used:
            channels[2].push(dew_point_dc(t_dc, h_pm))
        if channels[3].used:
            channels[3].push(absolute_dg(t_dc, h_pm))
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
