"""The readings that sleep keeps, oldest first: t and h in 12 bits each, so -1024..3071."""

from .compat import const

_PAIR_BYTES = const(3)
_BIAS = const(1024)  # what the trackers ask for is narrower


def pack(buf, i, t_dc, h_pm):
    t = t_dc + _BIAS
    h = h_pm + _BIAS
    buf[i] = t & 0xFF
    buf[i + 1] = t >> 8 | (h & 15) << 4
    buf[i + 2] = h >> 4


def replay(buf, at, push):
    # buf[at]: how many follow
    for i in range(at + 1, at + 1 + _PAIR_BYTES * buf[at], _PAIR_BYTES):
        both = buf[i + 1]
        push(((both & 15) << 8 | buf[i]) - _BIAS, (buf[i + 2] << 4 | both >> 4) - _BIAS)
