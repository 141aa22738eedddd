"""What is remembered of one channel: each keeps its figures up to date in O(1) a reading.

Raw readings are tenths within -400..1000, so |x| <= 1000 and differences <= 1200; all figures
are returned in hundredths. WINDOW_MAX = 120 keeps every intermediate within 30 bits signed.
Those of a window are restored from the readings in it, the others save what these do not tell.
"""

from struct import pack_into, unpack_from

from .compat import const

_SINCE_MAX = const(3000)


class Level:
    kept_bytes = 4

    def __init__(self, ring):
        self._ring = ring
        self.clear()

    def clear(self):
        self._x = self._before = self._n = self._since = 0

    def push(self, x):
        self._before = self._x if self._n else x
        self._since = self._since + 1 if x == self._before and self._n else 0
        if self._since > _SINCE_MAX:
            self._since = _SINCE_MAX
        self._n = 1
        self._x = x

    def value(self):
        return 10 * self._x

    def diff(self):
        return 10 * (self._x - self._before)

    def since(self):
        # readings since the value changed
        return self._since

    def save(self, buf, at):
        pack_into("<hH", buf, at, self._before, self._since)

    def load(self, buf, at):
        self._before, self._since = unpack_from("<hH", buf, at)


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


class Squares:
    # Deviations d from the first reading: |d| <= 1200, s1 <= 144e3, s2 <= 173e6.
    def __init__(self, ring, size):
        self._ring = ring
        self._size = size
        self.clear()

    def clear(self):
        self._n = self._first = self._s1 = self._s2 = 0

    def push(self, x):
        n = self._n
        if not n:
            self._first = x
        d = x - self._first
        if n == self._size:
            old = self._ring.ago(n - 1) - self._first
            self._s1 -= old
            self._s2 -= old * old
        else:
            self._n = n + 1
        self._s1 += d
        self._s2 += d * d

    def std(self):
        # With s1 = q n + r the sum of (d - q)^2 is s2 - q (s1 + r) <= 43e6, and the variance is
        # that / n - (r / n)^2. Rounded half up: (isqrt(4 * 100 * variance) + 1) // 2.
        n = self._n
        q = self._s1 // n
        r = self._s1 % n
        rest = self._s2 - q * (self._s1 + r)
        v = 400 * (rest // n) + (400 * (rest % n * n - r * r)) // (n * n)
        return (_isqrt(v) + 1) >> 1


def _isqrt(v):
    # floor(sqrt(v)) for v < 2**28, a bit at a time
    root = 0
    bit = 1 << 26
    while bit > v:
        bit >>= 2
    while bit:
        if v >= root + bit:
            v -= root + bit
            root = (root >> 1) + bit
        else:
            root >>= 1
        bit >>= 2
    return root


class Range:
    # Two monotonic queues of places in the ring.
    def __init__(self, ring, size):
        self._high = Queue(ring, size, 1)
        self._low = Queue(ring, size, -1)

    def clear(self):
        self._high.clear()
        self._low.clear()

    def push(self, x):
        self._high.push(x)
        self._low.push(x)

    def value(self):
        return 10 * (self._high.top() - self._low.top())


class Queue:
    # Readings of the window, each beyond all that follow it, by their numbers; these run modulo
    # 256, which is more than the window. sign: 1 for the highest first, -1 for the lowest.
    def __init__(self, ring, size, sign):
        self._ring = ring
        self._at = bytearray(size)
        self._size = size
        self._sign = sign
        self.clear()

    def clear(self):
        self._now = self._first = self._n = 0

    def push(self, x):
        # x is not in the ring yet
        at = self._at
        first = self._first
        size = self._size
        n = self._n
        now = self._now = (self._now + 1) & 0xFF
        if n and (now - at[first]) & 0xFF >= size:
            first = self._first = first + 1 if first + 1 < size else 0
            n -= 1
        while n:
            last = first + n - 1
            if last >= size:
                last -= size
            if self._sign * (self._ring.ago(((now - at[last]) & 0xFF) - 1) - x) > 0:
                break
            n -= 1
        last = first + n
        if last >= size:
            last -= size
        at[last] = now
        self._n = n + 1

    def top(self):
        return self._ring.ago((self._now - self._at[self._first]) & 0xFF)
