"""The features of the last readings as native code; same names and results as features_plain."""

from array import array
from struct import pack_into, unpack_from

import micropython

from .compat import const
from .moisture import absolute_dg, dew_point_dc

_PAIR_BYTES = const(3)  # of a kept reading, see core.pairs
_KEPT_BYTES = const(4)

# places in the state, see core.program
_NEXT = const(2)
_N = const(3)


@micropython.viper
def _step(s: ptr32, rings: ptr16, x: ptr16):
    # s: see core.program. Bounds: those of core.trackers; the differences d from the latest
    # reading are within 1,200, as those from the first one there.
    depth = int(s[1])
    at = int(s[2])
    n = int(s[3])
    held = n
    if held < depth:
        held += 1
    k = 6 + int(s[0])
    base = 0
    # ptr32 reads unsigned where words are longer; in one line it would be no small int
    sign = 1
    sign <<= 31
    channels = int(s[4])
    while channels:
        v = (int(s[k]) ^ sign) - sign
        before = v
        since = 0
        if n:
            i = at - 1
            if i < 0:
                i = depth - 1
            # ptr16 reads unsigned
            before = (int(rings[base + i]) ^ 32768) - 32768
            if before == v:
                since = int(s[k + 2]) + 1
                if since > 3000:
                    since = 3000
        s[k + 1] = before
        s[k + 2] = since
        rings[base + at] = v
        s[int(s[k + 3])] = 10 * v
        s[int(s[k + 4])] = 10 * (v - before)
        s[int(s[k + 5])] = since
        count = int(s[k + 6])
        windows = int(s[k + 7])
        k += 8
        while count:
            e = v << 14
            if n:
                e = (int(s[k + 1]) ^ sign) - sign
                e += ((v << 14) - e) >> int(s[k])
            s[k + 1] = e
            s[int(s[k + 2])] = 10 * v - ((10 * e + 8192) >> 14)
            k += 3
            count -= 1
        # from the latest reading back: s1 = sum d, s2 = sum i d, s3 = sum d d
        i = at
        m = s1 = s2 = s3 = low = high = 0
        while windows:
            end = int(s[k])
            if end > held:
                end = held
            while m < end:
                d = (int(rings[base + i]) ^ 32768) - 32768 - v
                s1 += d
                s2 += m * d
                s3 += d * d
                if d > high:
                    high = d
                if d < low:
                    low = d
                m += 1
                i -= 1
                if i < 0:
                    i = depth - 1
            mean = (20 * (m * v + s1) + m) // (2 * m)
            s[int(s[k + 1])] = mean
            s[int(s[k + 2])] = 10 * v - mean
            d = m * (m + 1)
            s[int(s[k + 3])] = (60 * ((m - 1) * s1 - 2 * s2) + (d >> 1)) // d
            s[int(s[k + 4])] = 10 * (high - low)
            if int(s[k + 5]) != 5:
                q = s1 // m
                r = s1 - q * m
                rest = s3 - q * (s1 + r)
                q = rest // m
                v4 = 400 * q + (400 * ((rest - q * m) * m - r * r)) // (m * m)
                root = 0
                bit = 1 << 26
                while bit > v4:
                    bit >>= 2
                while bit:
                    if v4 >= root + bit:
                        v4 -= root + bit
                        root = (root >> 1) + bit
                    else:
                        root >>= 1
                    bit >>= 2
                s[int(s[k + 5])] = (root + 1) >> 1
            k += 6
            windows -= 1
        base += depth
        channels -= 1
    at += 1
    if at == depth:
        at = 0
    s[2] = at
    s[3] = held
    i = 0
    count = int(s[0])
    while i < count:
        d = (int(s[6 + i]) ^ sign) - sign
        if d > 32766:
            d = 32766
        elif d < -32766:
            d = -32766
        x[i] = d
        i += 1


class Features:
    def __init__(self, names):
        from .program import build  # used once

        state, channels, kept, depth = build(names)
        self._t, self._h, self._d, self._a = channels
        self._depth = depth
        self._state = array("i", state)
        self._rings = array("h", bytes(2 * depth * state[4]))
        self.x = array("h", bytes(2 * len(names)))
        self._kept = array("h", kept)
        self.kept_bytes = 1 + _PAIR_BYTES * depth + _KEPT_BYTES * len(kept)

    def clear(self):
        self._state[_N] = 0

    def push(self, t_dc, h_pm):
        state = self._state
        state[self._t] = t_dc
        state[self._h] = h_pm
        if self._d:
            state[self._d] = dew_point_dc(t_dc, h_pm)
        if self._a:
            state[self._a] = absolute_dg(t_dc, h_pm)
        _step(state, self._rings, self.x)
        return self.x

    def save(self, buf, at):
        from .pairs import pack  # where a node sleeps

        state, rings, depth = self._state, self._rings, self._depth
        n = buf[at] = state[_N]
        at += 1
        k = state[_NEXT] - n
        for i in range(at, at + _PAIR_BYTES * n, _PAIR_BYTES):
            pack(buf, i, rings[k % depth], rings[depth + k % depth])
            k += 1
        at += _PAIR_BYTES * depth
        for k in self._kept:
            if k < 0:
                pack_into("<hH", buf, at, state[1 - k], state[2 - k])
            else:
                pack_into("<i", buf, at, state[k])
            at += _KEPT_BYTES

    def load(self, buf, at):
        from .pairs import replay

        self.clear()
        replay(buf, at, self.push)
        at += 1 + _PAIR_BYTES * self._depth
        state = self._state
        for k in self._kept:
            if k < 0:
                state[1 - k], state[2 - k] = unpack_from("<hH", buf, at)
            else:
                state[k] = unpack_from("<i", buf, at)[0]
            at += _KEPT_BYTES
