"""The median of the last values."""

from array import array
from struct import pack_into, unpack_from


class Window:
    # The last values; as they are all that such a filter knows, they are what is kept.
    def __init__(self, window_size):
        self._last = array("h", bytes(2 * window_size))
        self._size = window_size
        self.kept_bytes = 1 + 2 * window_size
        self.clear()

    def clear(self):
        self._n = self._next = self._sum = 0

    def save(self, buf, at):
        n = buf[at] = self._n
        for i in range(self._next - n, self._next):
            pack_into("<h", buf, at + 1, self._last[i % self._size])
            at += 2

    def load(self, buf, at):
        self.clear()
        for i in range(buf[at]):
            self.push(unpack_from("<h", buf, at + 1 + 2 * i)[0])


class Median(Window):
    # An even count gives the lower middle, so that every output is a value that the sensor
    # measured.
    def __init__(self, window_size):
        self._sorted = array("h", bytes(2 * window_size))
        super().__init__(window_size)

    def push(self, x):
        ordered = self._sorted
        n = self._n
        if n == self._size:
            old = self._last[self._next]
            i = 0
            while ordered[i] != old:
                i += 1
            n -= 1
            while i < n:
                ordered[i] = ordered[i + 1]
                i += 1
        i = n
        while i and ordered[i - 1] > x:
            ordered[i] = ordered[i - 1]
            i -= 1
        ordered[i] = x
        self._last[self._next] = x
        self._next = (self._next + 1) % self._size
        self._n = n + 1
        return ordered[n >> 1]
