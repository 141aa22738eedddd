"""What is remembered of one channel: each keeps its figures up to date in O(1) a reading.

Raw readings are tenths (t_dc -400..800, h_pm 0..1000), so |x| <= 1000; all figures are returned in
hundredths. WINDOW_MAX = 120 keeps every intermediate within 30 bits signed.
"""

from array import array

from .compat import const

WINDOW_MAX = const(120)
_EMA_BITS = const(14)  # |x| << 14 <= 16.4e6; ten times that fits 30 bits


class Level:
    def __init__(self, ring):
        self._ring = ring
        self.clear()

    def clear(self):
        self._x = self._before = self._n = 0

    def push(self, x):
        self._before = self._x if self._n else x
        self._n = 1
        self._x = x

    def value(self):
        return 10 * self._x

    def diff(self):
        return 10 * (self._x - self._before)


class Sums:
    # Readings numbered i = 0 (oldest) .. n-1: s1 = sum x_i, s2 = sum i x_i <= 7140e3.
    def __init__(self, ring, size):
        self._ring = ring
        self._size = size
        self.clear()

    def clear(self):
        self._n = self._x = self._s1 = self._s2 = 0

    def push(self, x):
        n = self._n
        if n == self._size:
            rest = self._s1 - self._ring.ago(n - 1)
            self._s2 += (n - 1) * x - rest
            self._s1 = rest + x
        else:
            self._s2 += n * x
            self._s1 += x
            self._n = n + 1
        self._x = x

    def mean(self):
        n = self._n
        return (20 * self._s1 + n) // (2 * n)

    def dev(self):
        n = self._n
        return 10 * self._x - (20 * self._s1 + n) // (2 * n)

    def slope(self):
        # The rise of the least-squares line from the first to the last reading of the window:
        # (n-1) * 6 num / (n (n-1) (n+1)) in tenths, with num = 2 s2 - (n-1) s1, |num| <= 5.1e6.
        n = self._n
        d = n * (n + 1)
        num = 2 * self._s2 - (n - 1) * self._s1
        return (60 * num + (d >> 1)) // d


class Range:
    # Two monotonic queues of (reading number, value); numbers run modulo a power of two that is
    # larger than the window.
    def __init__(self, ring, size):
        self._size = size
        self._high = _Queue(size)
        self._low = _Queue(size)
        self.clear()

    def clear(self):
        self._now = 0
        self._high.clear()
        self._low.clear()

    def push(self, x):
        now = self._now = (self._now + 1) & 0x3FF
        self._high.push(now, x)
        self._low.push(now, -x)

    def value(self):
        return 10 * (self._high.top() + self._low.top())


class _Queue:
    def __init__(self, size):
        self._at = array("h", bytes(2 * size))
        self._values = array("h", bytes(2 * size))
        self._size = size
        self.clear()

    def clear(self):
        self._first = self._n = 0

    def push(self, now, x):
        first = self._first
        size = self._size
        n = self._n
        if n and (now - self._at[first]) & 0x3FF >= size:
            first = self._first = first + 1 if first + 1 < size else 0
            n -= 1
        while n:
            last = first + n - 1
            if last >= size:
                last -= size
            if self._values[last] > x:
                break
            n -= 1
        last = first + n
        if last >= size:
            last -= size
        self._at[last] = now
        self._values[last] = x
        self._n = n + 1

    def top(self):
        return self._values[self._first]


class Ema:
    # alpha = 1 / 2**shift
    def __init__(self, ring, shift):
        self._shift = shift
        self.clear()

    def clear(self):
        self._n = 0

    def push(self, x):
        if self._n:
            self._e += ((x << _EMA_BITS) - self._e) >> self._shift
        else:
            self._n = 1
            self._e = x << _EMA_BITS
        self._x = x

    def value(self):
        # Distance of the latest reading from its exponential average.
        return 10 * self._x - ((10 * self._e + (1 << (_EMA_BITS - 1))) >> _EMA_BITS)
