"""Filters with ESPHome's names and parameters (send_every 1), on integers."""

from array import array
from struct import pack_into, unpack_from

from . import spec as specs

_SIZE_MAX = 15


class _Window:
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


class Median(_Window):
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


class MovingAverage(_Window):
    # Rounded half up; until the window is full it is the mean of what there is.
    def push(self, x):
        last = self._last
        if self._n == self._size:
            self._sum -= last[self._next]
        else:
            self._n += 1
        last[self._next] = x
        self._next = (self._next + 1) % self._size
        self._sum += x
        return (2 * self._sum + self._n) // (2 * self._n)


class ExponentialAverage:
    # The state is in 1/256000, so that no alpha comes to rest beside the value. |x| <= 1000:
    # state within 256e6, step within 513e6 < 2^29. Rounded half up.
    kept_bytes = 5

    def __init__(self, alpha_pm):
        self._alpha_pm = alpha_pm
        self.clear()

    def clear(self):
        self._state = None

    def push(self, x):
        if self._state is None:
            self._state = 256000 * x
        else:
            self._state += self._alpha_pm * (256 * x - self._state // 1000)
        return (self._state + 128000) // 256000

    def save(self, buf, at):
        buf[at] = self._state is not None
        pack_into("<i", buf, at + 1, self._state or 0)

    def load(self, buf, at):
        self._state = unpack_from("<i", buf, at + 1)[0] if buf[at] else None


def _size(value):
    # type(): a bool is an int to isinstance.
    return value if type(value) is int and 1 <= value <= _SIZE_MAX else None


def _alpha_pm(value):
    pm = specs.fixed(value, 3)
    return pm if pm is not None and 1 <= pm <= 1000 else None


# name: (class, parameter, its reader, what is expected)
_WINDOW = "window_size 1..%d expected" % _SIZE_MAX
_KNOWN = {
    "median": (Median, "window_size", _size, _WINDOW),
    "sliding_window_moving_average": (MovingAverage, "window_size", _size, _WINDOW),
    "exponential_moving_average": (
        ExponentialAverage,
        "alpha",
        _alpha_pm,
        "alpha 0.001..1 in steps of 0.001 expected",
    ),
}


def build(spec):
    # spec: [{"median": {"window_size": 3}}, ...], applied in this order.
    chain = []
    for item in spec:
        name, options = specs.entry(item, sorted(_KNOWN))
        make, parameter, read, expected = _KNOWN[name]
        value = None
        if isinstance(options, dict) and len(options) == 1:
            value = read(options.get(parameter))
        if value is None:
            raise ValueError("filter %s: %s" % (name, expected))
        chain.append(make(value))
    return chain
