"""ESPHome's calibrate_linear for one channel of one board, on integers."""

from . import spec as specs
from .decode import H_MAX_PM, H_MIN_PM, T_MAX_DC, T_MIN_DC

_POINTS_MAX = 8
_EXPECTED = 'filter calibrate_linear: 2..8 points as "20.0 -> 20.8" expected, within 100'


class CalibrateLinear:
    # points: ["0.0 -> 0.0", "20.0 -> 20.8"], measured -> true; the line is their least squares, as
    # in ESPHome. Results stay within low..high (tenths, as all values here).
    def __init__(self, points, low, high):
        pairs = [_pair(p) for p in points] if isinstance(points, list) else []
        n = len(pairs)
        if not 2 <= n <= _POINTS_MAX or None in pairs:
            raise ValueError(_EXPECTED)
        self._fit(pairs, n)
        self._low = low
        self._high = high

    def _fit(self, pairs, n):
        # n <= 8, |x|, |y| <= 1000: sums within 8e3, the two products of slope within 128e6.
        sum_x = sum([x for x, y in pairs])
        sum_y = sum([y for x, y in pairs])
        over = n * sum([x * y for x, y in pairs]) - sum_x * sum_y
        under = n * sum([x * x for x, y in pairs]) - sum_x * sum_x
        if not under or not under <= 2 * over or over > 2 * under:
            raise ValueError("filter calibrate_linear: a slope of 0.5..2 expected")
        self._x = sum_x // n
        self._slope = _ratio_q14(over, under)
        # the line at _x, 1/16384: 8e3 * 16384 = 131e6
        self._y = ((sum_y << 14) + self._slope * (n * self._x - sum_x)) // n

    def clear(self):
        pass

    def push(self, x):
        # 32768 * 2000 + 33e6 = 98e6
        y = (self._y + self._slope * (x - self._x) + 8192) >> 14
        return self._low if y < self._low else self._high if y > self._high else y


def calibrations(given):
    # -> of t and of h, None where the list is empty
    t, h = given["calibrate_t"], given["calibrate_h"]
    return (
        CalibrateLinear(t, T_MIN_DC, T_MAX_DC) if t else None,
        CalibrateLinear(h, H_MIN_PM, H_MAX_PM) if h else None,
    )


def _pair(point):
    # "20.0 -> 20.8" -> (200, 208), or None
    sides = point.split("->") if isinstance(point, str) else ()
    pair = tuple([specs.fixed(side.strip(), 1) for side in sides])
    if len(pair) != 2:
        return None
    for value in pair:
        if value is None or not -1000 <= value <= 1000:
            return None
    return pair


def _ratio_q14(over, under):
    # over * 16384 // under bit by bit: no product grows out of a small int
    q = over // under
    rest = over - q * under
    for _ in range(14):
        rest <<= 1
        q = q << 1 | (rest >= under)
        if rest >= under:
            rest -= under
    return q
