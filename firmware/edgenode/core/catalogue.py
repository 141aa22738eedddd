"""The catalogue: feature names such as h_slope_30 become integer hundredths.

<channel>_<kind>[_<n>]. Channels: t, h, d (dew point), a (absolute humidity, g/m3). Kinds: level,
diff (from the reading before), since (readings since the value changed); mean, dev (from the
mean), slope (rise of the fitted line over the window), range and std over the last n readings;
ema_<k> is the distance from the exponential average with alpha = 2**-k. Rounded half up.
"""

from .compat import const
from .ring import Channel
from .trackers import WINDOW_MAX, Ema, Level, Range, Squares, Sums

_EMA_MAX = const(10)
_WINDOWED = (Sums, Squares, Range)

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
    raise ValueError("feature %s is not known: see edgenode/core/catalogue.py" % name)


def build(names):
    # -> the channels, what gives the value of each feature, readings of the longest window
    wanted = [parse(name) for name in names]
    depth = max([1] + [n for _, kind, n in wanted if KINDS[kind][0] in _WINDOWED])
    channels = [Channel(_size(wanted, c, depth)) for c in range(len(CHANNELS))]
    known = {}
    values = [_value(channels[c], kind, n, known) for c, kind, n in wanted]
    return channels, values, depth


def _size(wanted, c, depth):
    # t and h of the longest window are all that a restored node needs: the rest follows
    if c < 2:
        return depth
    return max([1] + [n for i, kind, n in wanted if i == c and KINDS[kind][0] in _WINDOWED])


def _value(channel, kind, n, known):
    cls, name, n_max = KINDS[kind]
    key = (channel, cls, n)
    if key not in known:
        tracker = known[key] = cls(channel.ring, n) if n_max else cls(channel.ring)
        channel.track(tracker, cls not in _WINDOWED)
    return getattr(known[key], name)
