"""Filters with ESPHome's names and parameters (send_every 1), on integers."""

from . import spec as specs

_SIZE_MAX = 15


def _size(value):
    # type(): a bool is an int to isinstance.
    return value if type(value) is int and 1 <= value <= _SIZE_MAX else None


def _alpha_pm(value):
    pm = specs.fixed(value, 3)
    return pm if pm is not None and 1 <= pm <= 1000 else None


def _median(size):
    from .windows import Median

    return Median(size)


def _moving(size):
    from .averages import MovingAverage

    return MovingAverage(size)


def _exponential(alpha_pm):
    from .averages import ExponentialAverage

    return ExponentialAverage(alpha_pm)


# name: (its maker, parameter, its reader, what is expected)
_WINDOW = "window_size 1..%d expected" % _SIZE_MAX
_KNOWN = {
    "median": (_median, "window_size", _size, _WINDOW),
    "sliding_window_moving_average": (_moving, "window_size", _size, _WINDOW),
    "exponential_moving_average": (
        _exponential,
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
