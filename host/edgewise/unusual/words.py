"""The features of a detector, and how to say their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.training.detector import Detector, Limit

__all__ = [
    "FEATURES",
    "amount",
    "describe_care",
    "describe_event",
    "describe_factor",
    "describe_learn",
    "describe_limit",
    "describe_value",
]

_MOST = 1e9
STEP = 2  # readings: their range is the step from one reading to the next
# Movement over three times, steps, and stillness. No levels: they follow the season.
FEATURES = [
    "t_range_2",
    "h_range_2",
    "h_range_5",
    "h_range_15",
    "t_range_60",
    "h_range_60",
    "a_range_60",
    "t_since",
    "h_since",
]
_NAMES = {"t": "temperature", "h": "humidity", "a": "absolute humidity", "d": "dew point"}
_UNITS = {"t": "C", "h": "%", "a": "g/m3", "d": "C"}


def amount(feature: str, value: int, period_ms: int) -> str:
    """Return ``value`` of a feature with its unit: '14 %', '2.5 h' for readings without change."""
    channel, kind, *_ = feature.split("_")
    if kind == "since":
        return _duration(value * period_ms / 1000)
    return f"{value / 100:g} {_UNITS.get(channel, '')}".rstrip()


def describe_factor(detector: Detector) -> str:
    """Return such as '1.65 times what 99.9% of the readings keep'."""
    usual = f"what {detector.quantile:.1%} of the readings keep"
    return f"{detector.k:g} times {'the largest value' if detector.quantile == 1 else usual}"


def describe_care(detector: Detector) -> str:
    """Return why limits are above those that the log asks for; "" where they are not."""
    times, part = detector.care.times, detector.care.part
    bounds = [f"{times} times its largest value"] if times else []
    if part:
        bounds.append(f"{f'1/{part} of ' if part > 1 else ''}the limits for any room")
    if not bounds:
        return ""
    return (
        f"{detector.chosen.days:.1f} days of readings are few for "
        f"{detector.wanted_per_week:.2g} a week: no limit is below {' or '.join(bounds)}"
    )


def describe_learn(learn: Mapping[str, list[int]]) -> str:
    """Return when a node that learns changes its limits; ``learn``: the head of its model."""
    stages = zip(learn["days"], learn["times"], learn["part"], strict=True)
    steps = [
        f"from {n} day{'s' * (n != 1)} on {times} times what is usual there, at least 1/{part} of "
        "these"
        for n, times, part in stages
    ]
    return f"the node learns limits of its own: {'; '.join(steps)}"


def describe_value(limit: Limit, value: int, period_ms: int) -> str:
    """Return such as 'humidity moved 27 % in 5 min, usual is up to 14 %'."""
    before, after = _frame(limit.feature, period_ms, "moved", "did not change for")
    text = f"{before} {amount(limit.feature, value, period_ms)} {after}".rstrip()
    return f"{text}, usual is up to {amount(limit.feature, limit.usual, period_ms)}"


def describe_event(payload: Mapping[str, Any], period_s: float) -> str:
    """Return the words of a node's event of an episode; the payload may be of any node.

    ``period_s``: between its readings.
    """
    feature = payload.get("feature")
    values = [payload.get(key) for key in ("value", "usual", "limit")]
    if not isinstance(feature, str) or "_" not in feature:
        return ""
    if not all(isinstance(v, int | float) and abs(v) < _MOST for v in values):
        return feature
    scale = 1 / period_s if feature.split("_")[1] == "since" else 100
    value, usual, limit = (round(scale * float(v or 0)) for v in values)
    try:
        return describe_value(Limit(feature, usual, limit), value, round(1000 * period_s))
    except ValueError:  # a feature that this version does not know
        return feature


def describe_limit(limit: Limit, period_ms: int) -> str:
    """Return such as 'humidity moves up to 14 % in 5 min; alarm above 27 %'."""
    before, after = _frame(limit.feature, period_ms, "moves", "does not change for")
    usual, above = (amount(limit.feature, v, period_ms) for v in (limit.usual, limit.limit))
    return f"{f'{before} up to {usual} {after}'.rstrip()}; alarm above {above}"


def _frame(feature: str, period_ms: int, moves: str, stays: str) -> tuple[str, str]:
    # Returns the words before and after the amount.
    channel, kind, *n = feature.split("_")
    name = _NAMES.get(channel, channel)
    if kind == "since":
        return f"{name} {stays}", ""
    if kind != "range" or not n:
        return f"{name} {kind}", ""
    readings = int(n[0])
    if readings == STEP:
        return f"{name} {moves}", "from one reading to the next"
    return f"{name} {moves}", f"in {_duration(readings * period_ms / 1000)}"


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{round(seconds, 1):g} s"
