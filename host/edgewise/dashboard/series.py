"""Readings of a span of time, as many points as a screen has pixels: least and most of each.

Where readings have become hours, the hours stand for them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from edgewise.dashboard.hours import Hours, buckets
from edgewise.database.schema import AHEAD_S, HOUR_S, reading, reading_hour

__all__ = ["Band", "Window", "extent", "window"]

Floats = NDArray[np.float64]

_GAP_PERIODS = 3  # as in training: a longer one starts a new window


@dataclass(frozen=True)
class Band:
    """Something that holds from a time to a time, both in unix seconds."""

    start: float
    end: float
    name: str


@dataclass(frozen=True)
class Window:
    """``first_s``, ``last_s``: float64[n] of n buckets with readings; ``t``, ``h``: float64[2, n],
    least and most in Celsius and %RH, NaN where all reads failed; ``cls``: the most frequent
    class of each, None without one."""

    first_s: Floats
    last_s: Floats
    t: Floats
    h: Floats
    cls: list[str | None]
    late: NDArray[np.bool_]

    def gaps(self, period_s: float) -> NDArray[np.bool_]:
        """bool[n]: whether an outage lies between a bucket and the one before it."""
        quiet = self.first_s[1:] - self.last_s[:-1] > _GAP_PERIODS * period_s
        return np.concatenate([np.zeros(min(1, len(self.first_s)), dtype=bool), quiet])

    def outages(self, period_s: float) -> list[Band]:
        """The spans without readings."""
        at = np.flatnonzero(self.gaps(period_s))
        return [Band(float(self.last_s[i - 1]), float(self.first_s[i]), "no readings") for i in at]

    def classes(self, period_s: float) -> list[Band]:
        """Runs of one class; an outage ends a run."""
        return self._runs(self.cls, period_s)

    def replays(self, period_s: float) -> list[Band]:
        """Runs of readings that came later, after an outage."""
        runs = self._runs(["sent later" if late else "" for late in self.late], period_s)
        return [run for run in runs if run.name]

    def failed_reads(self, period_s: float) -> list[Band]:
        """Runs of nothing but failed reads."""
        runs = self._runs(["failed reads" if no else "" for no in np.isnan(self.t[0])], period_s)
        return [run for run in runs if run.name]

    def _runs(self, names: list[str | None], period_s: float) -> list[Band]:
        gaps = self.gaps(period_s)
        runs: list[Band] = []
        broken = True
        for i, name in enumerate(names):
            broken = broken or bool(gaps[i])
            if name is None:
                continue
            follows = not broken and runs[-1].name == name
            start = runs.pop().start if follows else float(self.first_s[i])
            runs.append(Band(start, float(self.last_s[i]) + period_s, name))
            broken = False
        return runs


def extent(engine: Engine, node: str) -> tuple[float, float] | None:
    """First and last time of the node's readings, but for those of a clock that is ahead; None
    where none has a time."""
    limit = time.time() + AHEAD_S
    ends: list[float] = []
    with engine.connect() as connection:
        for at, length in ((reading.c.ts, 0), (reading_hour.c.hour_ts, HOUR_S - 1)):
            of_node = select(at).where(at.table.c.node == node, at <= limit).limit(1)
            first = connection.scalar(of_node.order_by(at))
            last = connection.scalar(of_node.order_by(at.desc()))
            if first is not None and last is not None:
                ends += [first, last + length]
    return (min(ends), max(ends)) if ends else None


def window(
    engine: Engine,
    node: str,
    first_s: float,
    last_s: float,
    pixels: int,
    hours: Hours | None = None,
) -> Window:
    """The readings of ``node`` between two times in at most about ``pixels`` buckets; ``hours``
    makes wide ones faster."""
    width_s = max((last_s - first_s) / pixels, 1e-3)
    with engine.connect() as connection:
        read = hours.rows if hours and width_s >= HOUR_S else buckets
        rows = read(connection, node, first_s, last_s, width_s)
    if not rows:
        none = np.zeros(0)
        return Window(none, none, np.zeros((2, 0)), np.zeros((2, 0)), [], none.astype(bool))
    return _merge(list(zip(*rows, strict=True)))


def _merge(columns: list[tuple[Any, ...]]) -> Window:
    # A bucket has a row for each class in it.
    bucket, cls, n = np.array(columns[0]), columns[1], np.array(columns[2])
    first, last, t_min, t_max, h_min, h_max = (np.array(c, np.float64) for c in columns[3:9])
    at = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = [*at[1:], len(bucket)]
    known = np.where([c is None for c in cls], 0, n)
    most = [int(i + np.argmax(known[i:end])) for i, end in zip(at, ends, strict=True)]
    return Window(
        np.minimum.reduceat(first, at),
        np.maximum.reduceat(last, at),
        np.stack([np.fmin.reduceat(t_min, at), np.fmax.reduceat(t_max, at)]),
        np.stack([np.fmin.reduceat(h_min, at), np.fmax.reduceat(h_max, at)]),
        [cls[i] for i in most],
        np.add.reduceat(np.array(columns[9]), at) > 0,
    )
