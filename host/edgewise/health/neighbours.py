"""Nodes against each other: one that leaves the others is wrong, or something happens there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise.database.schema import HOUR_S
from edgewise.forecast.hourly import CHANNELS, Hourly
from edgewise.health.days import DAYS, Finding
from edgewise.package.baseline import DAY_S

__all__ = ["neighbours"]

_OTHERS = 2  # of one other nobody can say which is wrong
_HOURS = 12
_BEFORE_DAYS = 14
_BEFORE_LEAST = 3
_LIMITS = {"t": 2.0, "h": 5.0}  # Celsius, %RH: beyond what two good DHT22 differ by
_UNITS = {"t": "°C", "h": "%"}
_DIGITS = {"t": 1, "h": 0}
Floats = NDArray[np.float64]


def neighbours(hours: Sequence[Hourly], now_s: float) -> Iterator[Finding]:
    """How far each node is above the median of the others, in Celsius or %RH, day by day.

    Rooms differ for good: bad is what has moved by more than the limit from the median of the
    two weeks before. So a place that stays changed is normal after a week.
    """
    for channel in CHANNELS:
        nodes = [series for series in hours if series.channel == channel]
        if len(nodes) <= _OTHERS:
            continue
        hour, y = _matrix(nodes)
        days = hour * HOUR_S // DAY_S * DAY_S
        for i, series in enumerate(nodes):
            above = y[i] - _median_of_others(y, i)
            yield from _days_of(series, above, days, now_s)


def _matrix(nodes: Sequence[Hourly]) -> tuple[NDArray[np.int64], Floats]:
    # Hours, and float64[nodes, hours].
    numbers = [np.floor(series.ts / HOUR_S).astype(np.int64) for series in nodes]
    hour = np.arange(min(n[0] for n in numbers), max(n[-1] for n in numbers) + 1)
    y = np.full((len(nodes), len(hour)), np.nan)
    for row, n, series in zip(y, numbers, nodes, strict=True):
        row[n - hour[0]] = series.y
    return hour, y


def _median_of_others(y: Floats, i: int) -> Floats:
    others = np.delete(y, i, axis=0)
    enough = (~np.isnan(others)).sum(axis=0) >= _OTHERS
    found = np.full(y.shape[1], np.nan)
    found[enough] = np.nanmedian(others[:, enough], axis=0)
    return found


def _days_of(
    series: Hourly, above: Floats, days: NDArray[np.int64], now_s: float
) -> Iterator[Finding]:
    first_s = (now_s // DAY_S - DAYS + 1) * DAY_S
    known: dict[float, float] = {}
    for day in np.unique(days).tolist():
        hours = above[(days == day) & ~np.isnan(above)]
        if len(hours) < _HOURS:
            continue
        value = float(np.median(hours))
        before = [v for at, v in known.items() if at >= day - _BEFORE_DAYS * DAY_S]
        known[day] = value
        if first_s <= day <= now_s:
            yield _finding(series, float(day), value, before)


def _finding(series: Hourly, day: float, value: float, before: list[float]) -> Finding:
    channel = series.channel
    old = len(before) >= _BEFORE_LEAST
    usual = float(np.median(before)) if old else 0.0
    bad = abs(value - usual) > _LIMITS[channel]
    distance = _describe(channel, value)
    start = f"{CHANNELS[channel]} of {series.node} has been {distance} its neighbours "
    words = start, f", before that {_describe(channel, usual)} them" if old else ""
    return Finding(series.node, day, "neighbours", channel, value, bad, words)


def _describe(channel: str, value: float) -> str:
    side = "above" if value >= 0 else "below"
    return f"{abs(value):.{_DIGITS[channel]}f} {_UNITS[channel]} {side}"
