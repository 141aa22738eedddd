"""What core.features_viper works on: features by name become words of its state."""

from .catalogue import depth_of, parse
from .compat import const

# The state, 32-bit words: features, readings of a ring, where the next one goes, readings in a
# ring, channels; one that nobody reads, the features; then of each channel: the latest reading,
# the one before, readings since it changed, the places of level, diff and since (the unread one
# where none is wanted), how many averages and windows follow; of each average: shift, average,
# its place; of each window, the shortest first: readings, the places of mean, dev, slope, range
# and std.
_UNREAD = const(5)
_LEVEL = {"level": 3, "diff": 4, "since": 5}
_WINDOW = {"mean": 1, "dev": 2, "slope": 3, "range": 4, "std": 5}


def build(names):
    # -> the state, the places of the four channels in it (0: not used), what core.kept gets, and
    # readings of a ring
    wanted = [parse(name) for name in names]
    depth = depth_of(wanted)
    # t and h of the longest window are all that a restored node needs
    used = [c for c in range(4) if c < 2 or c in [w[0] for w in wanted]]
    state = [len(names), depth, 0, 0, len(used), 0] + [0] * len(names)
    channels = [0] * 4
    kept = []
    for c in used:
        channels[c] = len(state)
        state += _channel(c, len(state), wanted, kept)
    return state, channels, kept, depth


def _channel(c, at, wanted, kept):
    # -> the words of channel c, which begin at `at`; what core.kept gets is added to `kept`, in
    # the order of the names: -at for what level, diff and since remember, the place of an average
    words = [0, 0, 0, _UNREAD, _UNREAD, _UNREAD, 0, 0]
    windows = {}
    for i in range(len(wanted)):
        channel, kind, n = wanted[i]
        place = _UNREAD + 1 + i
        if channel != c:
            continue
        if kind in _LEVEL:
            words[_LEVEL[kind]] = place
            if -at not in kept:
                kept.append(-at)
        elif kind in _WINDOW:
            windows.setdefault(n, [n] + 5 * [_UNREAD])[_WINDOW[kind]] = place
        else:
            kept.append(at + len(words) + 1)
            words += [n, 0, place]
            words[6] += 1
    words[7] = len(windows)
    for n in sorted(windows):
        words += windows[n]
    return words
