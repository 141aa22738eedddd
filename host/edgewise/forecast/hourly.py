"""Readings as hourly means, the step of every forecast."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select

from edgewise.database import display_url
from edgewise.database.schema import AHEAD_S, HOUR_S, reading, reading_hour
from edgewise.errors import InputError
from edgewise.logs.log import Log

__all__ = ["CHANNELS", "Hourly", "hourly_of_database", "hourly_of_log", "hourly_of_values"]

CHANNELS = {"t": "temperature", "h": "humidity"}
_TICK_S = 1e-3  # a reading at the full hour belongs to the hour that begins
_DAY = 24
_HISTORY_S = 28 * 86400  # older readings say little about tomorrow
_SPAN_S = _HISTORY_S + _DAY * HOUR_S
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Hourly:
    """One channel of one node, hour by hour.

    ``ts``: float64[hours], the middle of each hour, unix seconds. ``y``: float64[hours], the mean
    in Celsius or %RH, NaN without a reading.
    """

    node: str
    channel: str
    ts: Floats
    y: Floats


def hourly_of_log(log: Log, node: str | None = None) -> list[Hourly]:
    """The last 28 days and the day that has begun, of each node of a log or of ``node`` alone.

    InputError where the log has no such node.
    """
    names = list(dict.fromkeys(log.node.tolist()))
    if node is not None and names != [""]:
        if node not in names:
            known = ", ".join(map(str, names[:5]))
            raise InputError(f"{log.path}: no node {node}: it has {known}")
        names = [node]
    series: list[Hourly] = []
    for name in names:
        rows = (log.node == name) & log.valid
        values = {"t": log.t_dc[rows] / 10, "h": log.h_pm[rows] / 10}
        hour = np.floor(log.time_s[rows] / HOUR_S)
        series += _series(str(name) or node or "log", _means(hour, values))
    return series


def hourly_of_database(engine: Engine, node: str | None = None) -> list[Hourly]:
    """The last 28 days and the day that has begun, of each node or of ``node`` alone.

    InputError where there is no such node, or no node at all.
    """
    query = select(reading.c.node).distinct().order_by(reading.c.node)
    with engine.connect() as connection:
        names = list(connection.scalars(query))
    return _all_series(display_url(engine), names, node, lambda name: _hours(engine, name))


def hourly_of_values(
    url: str, names: list[str], node: str | None, values: Callable[[str, float], Floats]
) -> list[Hourly]:
    """The same of what ``values(name, span_s)`` returns for each of ``names``, or ``node`` alone.

    That is float64[n, 3], ts, t, h, of the good readings in the last ``span_s`` seconds of a node.
    ``url``: where they are, for messages.
    """

    def hours(name: str) -> Hours:
        ts, t, h = values(name, _SPAN_S).T
        return _means(np.floor((ts + _TICK_S) / HOUR_S), {"t": t, "h": h})

    return _all_series(url, names, node, hours)


def _all_series(
    url: str, names: list[str], node: str | None, hours: Callable[[str], Hours]
) -> list[Hourly]:
    if node is not None and node not in names:
        raise InputError(f"{url}: no readings of node {node}: edgewise collect puts them there")
    if not names:
        raise InputError(f"{url}: no readings: edgewise collect puts them there")
    series: list[Hourly] = []
    for name in [node] if node is not None else names:
        series += _series(name, hours(name))
    return series


Hours = dict[int, tuple[int, float, float]]  # hour -> readings, mean of t, mean of h


def _means(hour: Floats, values: dict[str, Floats]) -> Hours:
    hours, index, n = np.unique(hour, return_inverse=True, return_counts=True)
    t, h = (np.bincount(index, values[c], len(hours)) / np.maximum(n, 1) for c in CHANNELS)
    rows = zip(hours.tolist(), n.tolist(), t.tolist(), h.tolist(), strict=True)
    return {int(hour): (n, t, h) for hour, n, t, h in rows}


def _hours(engine: Engine, node: str) -> Hours:
    # An hour may be in both tables: its folded readings in reading_hour, the others in reading.
    # round(), moved by half an hour, stands for floor(), which not every SQLite has.
    hour_number = func.round((reading.c.ts - HOUR_S / 2 + _TICK_S) / HOUR_S)
    is_good = (
        reading.c.node == node,
        reading.c.ts <= reading.c.received_at + AHEAD_S,
        reading.c.err.is_(None),
    )
    hour_columns = reading_hour.c
    with engine.connect() as connection:
        last_s = connection.scalar(select(func.max(reading.c.ts)).where(*is_good))
        first_s = (last_s or 0) - _SPAN_S
        rows = connection.execute(
            select(hour_number, func.count(), func.avg(reading.c.t), func.avg(reading.c.h))
            .where(*is_good, reading.c.ts >= first_s)
            .group_by(hour_number)
        ).all()
        folded = connection.execute(
            select(
                hour_columns.hour_ts,
                hour_columns.n - hour_columns.failed,
                hour_columns.t_mean,
                hour_columns.h_mean,
            ).where(
                hour_columns.node == node,
                hour_columns.hour_ts >= first_s,
                hour_columns.t_mean.is_not(None),
            )
        ).all()
    hours = {int(hour): (int(n), float(t), float(h)) for hour, n, t, h in rows}
    for hour_ts, n, t, h in folded:
        hour = hour_ts // HOUR_S
        n_new, t_new, h_new = hours.get(hour, (0, 0.0, 0.0))
        total = n + n_new
        hours[hour] = total, (n * t + n_new * t_new) / total, (n * h + n_new * h_new) / total
    return hours


def _series(node: str, hours: Hours) -> Iterator[Hourly]:
    if not hours:
        return
    last = max(hours)
    # a whole day of UTC, so that the first hour is the same all day long
    first = max(min(hours), (last + 1 - _HISTORY_S // HOUR_S) // _DAY * _DAY)
    ts: Floats = (np.arange(first, last + 1, dtype=np.float64) + 0.5) * HOUR_S
    empty = (0, math.nan, math.nan)
    for i, channel in enumerate(CHANNELS):
        means = [hours.get(hour, empty)[1 + i] for hour in range(first, last + 1)]
        yield Hourly(node, channel, ts, np.array(means, dtype=np.float64))
