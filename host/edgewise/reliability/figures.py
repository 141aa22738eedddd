"""What a run came to, and whether that is good enough."""

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

LATE_LIMIT = 0.005  # of the slots
_SAID = re.compile(r"^world: (\d+) slots read, (\d+) late, (\d+) missed, worst (-?\d+) ms$")


@dataclass(frozen=True)
class Slots:
    """How the slots were kept: read at all, late by more than a tenth of a period, not read."""

    read: int = 0
    late: int = 0
    missed: int = 0
    worst_ms: int = 0

    @staticmethod
    def said(lines: list[str]) -> Slots:
        """What the simulated world said at the end; nothing when it did not come to that."""
        found = [m for line in lines if (m := _SAID.match(line))]
        return Slots(*map(int, found[-1].groups())) if found else Slots()


@dataclass(frozen=True)
class Rows:
    """What the database has of one node: rows, rows too many of a key, the highest number,
    readings that have no time or the time of another slot, and starts of the node."""

    rows: int
    doubled: int
    last_seq: int
    mistimed: int
    boots: int

    @staticmethod
    def of(engine: Engine, started_s: int, period_ms: int, missed: int) -> Rows:
        """Count in ``engine``; the n-th reading is due n - 1 periods after ``started_s``, later
        by the slots that were missed."""
        late_s = reading.c.ts - started_s - (reading.c.seq - 1) * period_ms / 1000
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
    """Seconds of the node's time from the end of a disturbance to the next reading that was
    acknowledged; ``n`` are those that another disturbance did not cut short."""

    n: int
    median_s: float | None
    worst_s: float | None


def recoveries(disturbed: Sequence[tuple[float, float]], acks: Sequence[float]) -> Recovery:
    """``disturbed``: start and end of each, ``acks``: both in seconds of the node, in order."""
    took = []
    starts = [start for start, _ in disturbed[1:]] + [float("inf")]
    for (_, end), following in zip(disturbed, starts, strict=True):
        i = bisect_left(acks, end)
        if i < len(acks) and acks[i] < following:
            took.append(acks[i] - end)
    if not took:
        return Recovery(0, None, None)
    return Recovery(len(took), round(median(took), 1), round(max(took), 1))


@dataclass(frozen=True)
class Figures:
    """One run. ``taken`` readings, ``lost`` of them, ``doubled`` rows, ``repeats`` that the key
    removed; ``slots`` with ``late`` (more than a tenth of a period, or missed); ``boots``: starts
    of the node; ``acts``: how often the script met something, None where that cannot be seen;
    ``why`` it did not end well."""

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
        """What is not as it must be; empty when all is well."""
        found = [self.why] if self.why else []
        if self.lost:
            found.append(f"{self.lost} lost")
        if self.doubled:
            found.append(f"{self.doubled} rows twice")
        if self.boots > 1:
            found.append(f"{self.boots - 1} restarts")
        if self.late > LATE_LIMIT * self.slots:
            found.append(f"{self.late} slots late")
        if self.acts == 0:
            found.append("the script met nothing")
        return found

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON, with the faults."""
        return {**asdict(self), "faults": self.faults}
