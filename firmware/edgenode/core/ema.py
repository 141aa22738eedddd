"""The distance from an exponential average."""

from struct import pack_into, unpack_from

from .compat import const

_BITS = const(14)  # |x| << 14 <= 16.4e6; ten times that fits 30 bits


class Ema:
    # alpha = 1 / 2**shift
    kept_bytes = 4

    def __init__(self, ring, shift):
        self._shift = shift
        self.clear()

    def clear(self):
        self._n = self._e = self._x = 0

    def push(self, x):
        if self._n:
            self._e += ((x << _BITS) - self._e) >> self._shift
        else:
            self._n = 1
            self._e = x << _BITS
        self._x = x

    def value(self):
        # Distance of the latest reading from its exponential average.
        return 10 * self._x - ((10 * self._e + (1 << (_BITS - 1))) >> _BITS)

    def save(self, buf, at):
        pack_into("<i", buf, at, self._e)

    def load(self, buf, at):
        self._e = unpack_from("<i", buf, at)[0]
