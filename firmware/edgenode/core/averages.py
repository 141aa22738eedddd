"""Moving and exponential averages."""

from struct import pack_into, unpack_from

from .windows import Window


class MovingAverage(Window):
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
