"""Readings of a span of time in as many buckets as a screen has pixels: minimum and maximum each.

Where old readings were folded into reading_hour, its rows replace them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select, text

from edgewise.dashboard.hours import Hours, buckets
from edgewise.database.schema import AHEAD_S, HOUR_S, reading, reading_hour

__all__ = ["NO_READINGS", "Band", "Window", "extent", "window"]

Floats = NDArray[np.float64]

NO_READINGS = "no readings"
_GAP_PERIODS = 3  # as in training, where a longer gap starts a new window
_NEIGHBOURS = text(
    "SELECT (SELECT MAX(ts) FROM reading WHERE node = :node AND ts < :first "
    "AND (clock IS NULL OR clock <> 'unset')), "
    f"(SELECT MAX(hour_ts) + {HOUR_S - 1} FROM reading_hour "
    f"WHERE node = :node AND hour_ts < :first - {HOUR_S - 1}), "
    "(SELECT MIN(ts) FROM reading WHERE node = :node AND ts > :last AND ts <= :limit), "
    "(SELECT MIN(hour_ts) FROM reading_hour WHERE node = :node AND hour_ts > :last)"
)


@dataclass(frozen=True)
class Band:
    """A named period from ``start`` to ``end``, both in unix seconds."""

    start: float
    end: float
    name: str


@dataclass(frozen=True)
class Window:
    """The n buckets that have readings.

    ``first_s``, ``last_s``: float64[n], time of the first and last reading. ``t``, ``h``:
    float64[2, n], minimum and maximum in Celsius and %RH, NaN where all reads failed. ``cls``:
    the most frequent class of each, None without one. ``late``: bool[n], whether a reading of
    the bucket came late. ``before_s``, ``after_s``: the readings next to the window, None without.
    """

    first_s: Floats
    last_s: Floats
    t: Floats
    h: Floats
    cls: list[str | None]
    late: NDArray[np.bool_]
    before_s: float | None = None
    after_s: float | None = None

    def gaps(self, period_s: float) -> NDArray[np.bool_]:
        """bool[n]: whether an outage lies between a bucket and the one before it."""
        is_gap = self.first_s[1:] - self.last_s[:-1] > _GAP_PERIODS * period_s
        return np.concatenate([np.zeros(min(1, len(self.first_s)), dtype=bool), is_gap])

    def outages(
        self, period_s: float, now_s: float | None = None, silent_s: float = 0.0
    ) -> list[Band]:
        """The spans without readings, as long as they are: they may reach beyond the window.

        One that lasts for more than ``silent_s`` until ``now_s`` is still going on.
        """
        starts = [self.before_s, *self.last_s.tolist()]
        ends = [*self.first_s.tolist(), self.after_s]
        limits_s = [_GAP_PERIODS * period_s] * len(ends)
        if self.after_s is None:
            ends[-1], limits_s[-1] = now_s, max(silent_s, limits_s[-1])
        return [
            Band(start, end, NO_READINGS)
            for start, end, limit_s in zip(starts, ends, limits_s, strict=True)
            if start is not None and end is not None and end - start > limit_s
        ]

    def classes(self, period_s: float) -> list[Band]:
        """Runs of one class; an outage and readings without a class end a run."""
        failed = np.isnan(self.t[0]).tolist()
        names = [
            None if is_failed else cls or ""
            for cls, is_failed in zip(self.cls, failed, strict=True)
        ]
        return [run for run in self._runs(names, period_s) if run.name]

    def replays(self, period_s: float) -> list[Band]:
        """Runs of readings that were sent later, after an outage."""
        runs = self._runs(["sent later" if late else "" for late in self.late], period_s)
        return [run for run in runs if run.name]

    def failed_reads(self, period_s: float) -> list[Band]:
        """Runs of buckets in which all reads failed."""
        runs = self._runs(
            ["failed reads" if failed else "" for failed in np.isnan(self.t[0])], period_s
        )
        return [run for run in runs if run.name]

    def _runs(self, names: list[str | None], period_s: float) -> list[Band]:
        gaps = self.gaps(period_s)
        runs: list[Band] = []
        is_new_run = True
        for i, name in enumerate(names):
            is_new_run = is_new_run or bool(gaps[i])
            if name is None:
                continue
            continues = not is_new_run and runs[-1].name == name
            start = runs.pop().start if continues else float(self.first_s[i])
            runs.append(Band(start, float(self.last_s[i]) + period_s, name))
            is_new_run = False
        return runs


def extent(engine: Engine, node: str) -> tuple[float, float] | None:
    """First and last time of the node's readings; None if none has a time.

    Readings from a clock that is ahead do not count.
    """
    limit = time.time() + AHEAD_S
    ends: list[float] = []
    with engine.connect() as connection:
        for ts, length_s in ((reading.c.ts, 0), (reading_hour.c.hour_ts, HOUR_S - 1)):
            query = select(ts).where(ts.table.c.node == node, ts <= limit).limit(1)
            if ts is reading.c.ts:
                query = query.where(reading.c.clock.is_distinct_from("unset"))
            first = connection.scalar(query.order_by(ts))
            last = connection.scalar(query.order_by(ts.desc()))
            if first is not None and last is not None:
                ends += [first, last + length_s]
    return (min(ends), max(ends)) if ends else None


def window(
    engine: Engine,
    node: str,
    first_s: float,
    last_s: float,
    pixels: int,
    hours: Hours | None = None,
) -> Window:
    """The readings of ``node`` between two times, in about ``pixels`` buckets at most.

    ``hours``: a cache that makes buckets of an hour or more faster.
    """
    width_s = max((last_s - first_s) / pixels, 1e-3)
    with engine.connect() as connection:
        read_rows = hours.rows if hours and width_s >= HOUR_S else buckets
        rows = read_rows(connection, node, first_s, last_s, width_s)
        neighbours = _neighbours(connection, node, first_s, last_s)
    if not rows:
        none = np.zeros(0)
        values = np.zeros((2, 0))
        return Window(none, none, values, values, [], none.astype(bool), *neighbours)
    return _merge(list(zip(*rows, strict=True)), neighbours)


def _neighbours(
    connection: Connection, node: str, first_s: float, last_s: float
) -> tuple[float | None, float | None]:
    # The times of the readings before and after a window; none of a clock that is ahead.
    row = connection.execute(
        _NEIGHBOURS,
        {"node": node, "first": first_s, "last": last_s, "limit": time.time() + AHEAD_S},
    ).one()
    before, after = ([t for t in pair if t is not None] for pair in (row[:2], row[2:]))
    return max(before, default=None), min(after, default=None)


def _merge(
    columns: list[tuple[Any, ...]], neighbours: tuple[float | None, float | None]
) -> Window:
    # ``columns`` has a row for each class of a bucket; the rows of a bucket become one.
    bucket, cls, n = np.array(columns[0]), columns[1], np.array(columns[2])
    first, last, t_min, t_max, h_min, h_max = (np.array(c, np.float64) for c in columns[3:9])
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = [*starts[1:], len(bucket)]
    class_n = np.where([c is None for c in cls], 0, n)
    most_frequent = [
        int(i + np.argmax(class_n[i:end])) for i, end in zip(starts, ends, strict=True)
    ]
    return Window(
        np.minimum.reduceat(first, starts),
        np.maximum.reduceat(last, starts),
        np.stack([np.fmin.reduceat(t_min, starts), np.fmax.reduceat(t_max, starts)]),
        np.stack([np.fmin.reduceat(h_min, starts), np.fmax.reduceat(h_max, starts)]),
        [cls[i] for i in most_frequent],
        np.add.reduceat(np.array(columns[9]), starts) > 0,
        *neighbours,
    )
