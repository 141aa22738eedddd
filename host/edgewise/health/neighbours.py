"""Compares nodes: one that departs from the others is wrong, or something happens there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise.database.schema import HOUR_S
from edgewise.forecast.hourly import CHANNELS, Hourly
from edgewise.health.days import DAYS, Finding
from edgewise.package.baseline import DAY_S

__all__ = ["convert_differences", "neighbours"]

_OTHERS_MIN = 2  # with one other node it is unknown which is wrong
_HOURS_MIN = 12  # of a day
_HISTORY_DAYS = 14
_HISTORY_MIN = 3  # days
_LIMITS = {"t": 2.0, "h": 5.0}  # Celsius, %RH: more than two good DHT22 differ by
_UNITS = {"t": "°C", "h": "%"}
_DIGITS = {"t": 1, "h": 0}
_DIFFERENCE = re.compile(
    rf"(\d+\.\d) {_UNITS['t']}(?= above | below )"
)  # as `_describe` writes it
Floats = NDArray[np.float64]


def neighbours(hours: Sequence[Hourly], now_s: float) -> Iterator[Finding]:
    """How far each node is above the median of the others, in Celsius or %RH, day by day.

    Rooms differ permanently. So a day is bad if its value is more than the limit away from the
    median of the two weeks before; a lasting change is normal after a week.
    """
    for channel in CHANNELS:
        nodes = [series for series in hours if series.channel == channel]
        if len(nodes) <= _OTHERS_MIN:
            continue
        hour, y = _matrix(nodes)
        days = hour * HOUR_S // DAY_S * DAY_S
        for i, series in enumerate(nodes):
            above = y[i] - _median_of_others(y, i)
            yield from _day_findings(series, above, days, now_s)


def _matrix(nodes: Sequence[Hourly]) -> tuple[NDArray[np.int64], Floats]:
    # returns int64[hours], hours of unix time, and float64[nodes, hours], the means
    numbers = [np.floor(series.ts / HOUR_S).astype(np.int64) for series in nodes]
    hour = np.arange(min(n[0] for n in numbers), max(n[-1] for n in numbers) + 1)
    y = np.full((len(nodes), len(hour)), np.nan)
    for row, n, series in zip(y, numbers, nodes, strict=True):
        row[n - hour[0]] = series.y
    return hour, y


def _median_of_others(y: Floats, i: int) -> Floats:
    others = np.delete(y, i, axis=0)
    has_enough = (~np.isnan(others)).sum(axis=0) >= _OTHERS_MIN
    median = np.full(y.shape[1], np.nan)
    median[has_enough] = np.nanmedian(others[:, has_enough], axis=0)
    return median


def _day_findings(
    series: Hourly, above: Floats, days: NDArray[np.int64], now_s: float
) -> Iterator[Finding]:
    first_s = (now_s // DAY_S - DAYS + 1) * DAY_S
    day_values: dict[float, float] = {}
    for day in np.unique(days).tolist():
        hours = above[(days == day) & ~np.isnan(above)]
        if len(hours) < _HOURS_MIN:
            continue
        value = float(np.median(hours))
        history = [v for d, v in day_values.items() if d >= day - _HISTORY_DAYS * DAY_S]
        day_values[day] = value
        if first_s <= day <= now_s:
            yield _finding(series, float(day), value, history)


def _finding(series: Hourly, day: float, value: float, history: list[float]) -> Finding:
    channel = series.channel
    has_history = len(history) >= _HISTORY_MIN
    usual = float(np.median(history)) if has_history else 0.0
    is_bad = abs(value - usual) > _LIMITS[channel]
    distance = _describe(channel, value)
    start = f"{CHANNELS[channel]} of {series.node} has been {distance} its neighbours "
    words = start, f", before that {_describe(channel, usual)} them" if has_history else ""
    return Finding(series.node, day, "neighbours", channel, value, is_bad, words)


def _describe(channel: str, value: float) -> str:
    side = "above" if value >= 0 else "below"
    return f"{abs(value):.{_DIGITS[channel]}f} {_UNITS[channel]} {side}"


def convert_differences(text: str, convert: Callable[[float], float], unit: str) -> str:
    """The ``text`` of a remark with its differences of temperature, in Celsius, in ``unit``."""

    def replace(match: re.Match[str]) -> str:
        return f"{convert(float(match[1])):.{_DIGITS['t']}f} {unit}"

    return _DIFFERENCE.sub(replace, text)
