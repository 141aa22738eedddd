"""The catalogue: feature names such as h_slope_30 become integer hundredths.

<channel>_<kind>[_<n>]. Channels: t, h, d (dew point), a (absolute humidity, g/m3). Kinds: level,
diff (from the reading before), since (readings since the value changed); mean, dev (from the
mean), slope (rise of the fitted line over the window), range and std over the last n readings;
ema_<k> is the distance from the exponential average with alpha = 2**-k. Rounded half up.
"""

from .compat import const

WINDOW_MAX = const(120)
_EMA_MAX = const(10)

CHANNELS = "thda"
# kind: largest n, or 0 for none
KINDS = {
    "level": 0,
    "diff": 0,
    "since": 0,
    "mean": WINDOW_MAX,
    "dev": WINDOW_MAX,
    "slope": WINDOW_MAX,
    "std": WINDOW_MAX,
    "range": WINDOW_MAX,
    "ema": _EMA_MAX,
}


def parse(name):
    # -> (channel index, kind, n); n = 0 where the kind has none
    part = name.split("_")
    kind = part[1] if len(part) in (2, 3) else ""
    channel = CHANNELS.find(part[0]) if len(part[0]) == 1 else -1
    if channel >= 0 and kind in KINDS:
        n_max = KINDS[kind]
        if len(part) == 2 and not n_max:
            return channel, kind, 0
        if len(part) == 3 and n_max and part[2].isdigit() and part[2][0] != "0":
            n = int(part[2])
            if n <= n_max:
                return channel, kind, n
    raise ValueError("feature %s is not known: see edgenode/core/catalogue.py" % name)


def depth_of(wanted):
    # wanted: as parse() says -> readings of t and h that all windows need
    return max([1] + [n for _, kind, n in wanted if KINDS[kind] == WINDOW_MAX])
