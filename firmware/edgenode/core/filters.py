"""Filters with ESPHome's names and parameters, on integers."""

from array import array
from struct import pack_into, unpack_from

_SIZE_MAX = 15


class Median:
    # ESPHome's `median` with send_every 1; an even count gives the lower middle, so that every
    # output is a value that the sensor measured.
    def __init__(self, window_size):
        self._last = array("h", bytes(2 * window_size))
        self._sorted = array("h", bytes(2 * window_size))
        self._size = window_size
        self.clear()

    def clear(self):
        self._n = 0
        self._next = 0

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

    @property
    def kept_bytes(self):
        return 1 + 2 * self._size

    def save(self, buf, at):
        n = buf[at] = self._n
        for i in range(self._next - n, self._next):
            pack_into("<h", buf, at + 1, self._last[i % self._size])
            at += 2

    def load(self, buf, at):
        self.clear()
        for i in range(buf[at]):
            self.push(unpack_from("<h", buf, at + 1 + 2 * i)[0])


def build(spec):
    # spec: [{"median": {"window_size": 3}}, ...], applied in this order.
    chain = []
    for entry in spec:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ValueError("filter: one name with its parameters expected: %r" % (entry,))
        for name, options in entry.items():
            if name != "median":
                raise ValueError("filter: %s is not known: use median" % name)
            size = options.get("window_size") if isinstance(options, dict) else None
            if not isinstance(size, int) or len(options) != 1 or not 1 <= size <= _SIZE_MAX:
                raise ValueError("filter median: window_size 1..%d expected" % _SIZE_MAX)
            chain.append(Median(size))
    return chain
