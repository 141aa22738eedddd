"""The figures of a run, and its faults."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from sqlalchemy import Engine, func, select

from edgewise.database.schema import reading

__all__ = ["LATE_LIMIT", "Figures", "Recovery", "Rows", "Slots", "recoveries"]

LATE_LIMIT = 0.005  # share of the slots
_SUMMARY = re.compile(r"^world: (\d+) slots read, (\d+) late, (\d+) missed, worst (-?\d+) ms$")


@dataclass(frozen=True)
class Slots:
    """Counts of slots: ``read``, ``late`` (by more than a tenth of a period), ``missed``."""

    read: int = 0
    late: int = 0
    missed: int = 0
    worst_ms: int = 0

    @staticmethod
    def from_lines(lines: list[str]) -> Slots:
        """Return the counts in the last line of the simulated world; zeros without that line."""
        summaries = [m for line in lines if (m := _SUMMARY.match(line))]
        return Slots(*map(int, summaries[-1].groups())) if summaries else Slots()


@dataclass(frozen=True)
class Rows:
    """The rows of one node in the database.

    ``rows``: all; ``doubled``: rows beyond the first of a key; ``last_seq``: the highest number;
    ``mistimed``: readings without a time or with that of another slot; ``boots``: starts of the
    node.
    """

    rows: int
    doubled: int
    last_seq: int
    mistimed: int
    boots: int

    @staticmethod
    def count(engine: Engine, start_s: int, period_ms: int, missed: int) -> Rows:
        """Return the counts in the database ``engine``.

        The n-th reading is due n - 1 periods after ``start_s``, and may be later by the ``missed``
        slots.
        """
        late_s = reading.c.ts - start_s - (reading.c.seq - 1) * period_ms / 1000
        wrong = reading.c.ts.is_(None) | (func.abs(late_s) > (1 + missed) * period_ms / 1000)
        with engine.connect() as connection:
            key = select(reading.c.node, reading.c.boot, reading.c.seq).distinct().subquery()
            keys = connection.execute(select(func.count()).select_from(key)).scalar_one()
            rows, last = connection.execute(select(func.count(), func.max(reading.c.seq))).one()
            boots = connection.execute(select(reading.c.boot).distinct()).scalars().all()
            mistimed = connection.execute(select(func.count()).where(wrong)).scalar_one()
        return Rows(rows, rows - keys, last or 0, mistimed, len(boots))


@dataclass(frozen=True)
class Recovery:
    """Seconds on the node's clock from the end of a disturbance to the next acknowledged reading.

    ``n``: the disturbances with such a reading before the next disturbance begins.
    """

    n: int
    median_s: float | None
    worst_s: float | None


def recoveries(disturbances: Sequence[tuple[float, float]], acks: Sequence[float]) -> Recovery:
    """Return the time that the node needed to recover.

    ``disturbances``: start and end of each; ``acks``: times of acknowledgements. Both are in
    seconds on the node's clock, in order.
    """
    times_s = []
    next_starts = [*(start for start, _ in disturbances[1:]), float("inf")][: len(disturbances)]
    for (_, end), next_start in zip(disturbances, next_starts, strict=True):
        i = bisect_left(acks, end)
        if i < len(acks) and acks[i] < next_start:
            times_s.append(acks[i] - end)
    if not times_s:
        return Recovery(0, None, None)
    return Recovery(len(times_s), round(median(times_s), 1), round(max(times_s), 1))


@dataclass(frozen=True)
class Figures:
    """The figures of one run.

    ``taken``: readings that the node took; ``lost``: those not in the database; ``doubled``: rows
    beyond the first of a key; ``repeats``: readings that came again and that the key removed;
    ``late``: slots late by more than a tenth of a period, or missed; ``boots``: starts of the
    node; ``acts``: how often the script changed something, None where it cannot count that;
    ``why``: the reason for a bad end, None for a good one.
    """

    name: str
    what: str
    taken: int
    lost: int
    doubled: int
    repeats: int
    mistimed: int
    slots: int
    late: int
    worst_ms: int
    recovery: Recovery
    reconnects: int
    boots: int
    acts: int | None
    wall_s: float
    why: str | None

    @property
    def faults(self) -> list[str]:
        """The faults of the run in words; empty when all is well."""
        faults = [self.why] if self.why else []
        if self.lost:
            faults.append(f"{self.lost} lost")
        if self.doubled:
            faults.append(f"{self.doubled} rows twice")
        if self.boots > 1:
            faults.append(f"{self.boots - 1} restarts")
        if self.late > LATE_LIMIT * self.slots:
            faults.append(f"{self.late} slots late")
        if self.acts == 0:
            faults.append("the script met nothing")
        return faults

    def as_dict(self) -> dict[str, Any]:
        """Return all fields for JSON, with the faults."""
        return {**asdict(self), "faults": self.faults}
