"""Filters with ESPHome's names and parameters, on integers; one value in, one value out."""

from array import array

from .compat import const

_SIZE_MAX = const(15)
_EMA_BITS = const(6)  # |x| <= 1200: a difference << 6, times 1000, stays within 30 bits
_LINE_BITS = const(12)


class Median:
    # An even count gives the lower middle, so that every output is a value that was measured.
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


class SlidingWindowMovingAverage:
    # rounded half up
    def __init__(self, window_size):
        self._last = array("h", bytes(2 * window_size))
        self._size = window_size
        self.clear()

    def clear(self):
        self._n = self._next = self._sum = 0

    def push(self, x):
        i = self._next
        if self._n == self._size:
            self._sum -= self._last[i]
        else:
            self._n += 1
        self._last[i] = x
        self._sum += x
        self._next = i + 1 if i + 1 < self._size else 0
        return (2 * self._sum + self._n) // (2 * self._n)


class ExponentialMovingAverage:
    # e += alpha (x - e) with alpha in thousandths; what a division leaves over is kept for the
    # next, so that the average arrives however small alpha is.
    def __init__(self, alpha_pm):
        self._alpha_pm = alpha_pm
        self.clear()

    def clear(self):
        self._n = self._e = self._rest = 0

    def push(self, x):
        if not self._n:
            self._n = 1
            self._e = x << _EMA_BITS
        step = ((x << _EMA_BITS) - self._e) * self._alpha_pm + self._rest
        self._e += step // 1000
        self._rest = step % 1000
        return (self._e + (1 << (_EMA_BITS - 1))) >> _EMA_BITS


class CalibrateLinear:
    # y = (a x + b) >> 12, the least-squares line through points of (measured, true) in tenths
    def __init__(self, points):
        n = len(points)
        sx = sum([p[0] for p in points])
        sy = sum([p[1] for p in points])
        sxx = sum([p[0] * p[0] for p in points])
        sxy = sum([p[0] * p[1] for p in points])
        d = n * sxx - sx * sx
        self._a = ((n * sxy - sx * sy) << _LINE_BITS) // d
        self._b = ((sy * sxx - sx * sxy) << _LINE_BITS) // d + (1 << (_LINE_BITS - 1))

    def clear(self):
        pass

    def push(self, x):
        return (self._a * x + self._b) >> _LINE_BITS


def tenths(text):
    # "-20.85" -> -208, half away from zero; ValueError
    whole, _, part = text.strip().partition(".")
    sign = -1 if whole.startswith("-") else 1
    digits = (part + "00")[:2]
    if not (whole.lstrip("+-") + part).isdigit():
        raise ValueError("number expected: %r" % text)
    return sign * ((100 * int(whole.lstrip("+-") or "0") + int(digits) + 5) // 10)


def _window(options):
    size = options.get("window_size")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= _SIZE_MAX:
        raise ValueError("window_size 1..%d expected" % _SIZE_MAX)
    return size


def _median(options):
    return Median(_window(options))


def _moving_average(options):
    return SlidingWindowMovingAverage(_window(options))


def _exponential(options):
    alpha = options.get("alpha")
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
        raise ValueError("alpha expected")
    alpha_pm = round(1000 * alpha)
    if not 1 <= alpha_pm <= 1000:
        raise ValueError("alpha 0.001..1 expected")
    return ExponentialMovingAverage(alpha_pm)


_KINDS = {
    "median": (_median, "window_size"),
    "sliding_window_moving_average": (_moving_average, "window_size"),
    "exponential_moving_average": (_exponential, "alpha"),
}


def build(spec):
    # spec: [{"median": {"window_size": 3}}, ...], applied in this order.
    chain = []
    for entry in spec:
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ValueError("filter: one name with its parameters expected: %r" % (entry,))
        for name, options in entry.items():
            if name not in _KINDS:
                raise ValueError("filter: %s is not known: use %s" % (name, sorted(_KINDS)))
            make, key = _KINDS[name]
            if not isinstance(options, dict) or list(options) != [key]:
                raise ValueError("filter %s: %s expected" % (name, key))
            try:
                chain.append(make(options))
            except ValueError as e:
                raise ValueError("filter %s: %s" % (name, e))
    return chain


def calibration(points):
    # ["0.0 -> 0.4", "20.0 -> 20.1"] -> a filter, or None for an empty list
    if not points:
        return None
    pairs = []
    for point in points:
        sides = point.split("->") if isinstance(point, str) else ()
        if len(sides) != 2:
            raise ValueError("calibrate_linear: 'measured -> true' expected: %r" % (point,))
        pairs.append((tenths(sides[0]), tenths(sides[1])))
    if len(set([p[0] for p in pairs])) < 2:
        raise ValueError("calibrate_linear: two different points expected")
    return CalibrateLinear(pairs)
