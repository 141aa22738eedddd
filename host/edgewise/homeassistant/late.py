"""The hours in which readings came late, from the database, and which of them were imported."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, delete, insert, select

from edgewise.database.readings import values_of
from edgewise.database.schema import HOUR_S, ha_import, reading, reading_hour

__all__ = ["LateHour", "forget", "late_hours", "late_nodes", "remember"]

# Home Assistant adds its own row for an hour soon after the hour has ended, and then it must not
# be there yet.
_AFTER_S = 600


@dataclass(frozen=True)
class LateHour:
    """An hour in which at least one valid reading came late.

    ``values``: float64[n, 2], temperature [C] and humidity [%RH] of all its valid readings.
    """

    hour_ts: int
    values: NDArray[np.float64]


def late_nodes(engine: Engine, since_s: float, now_s: float | None = None) -> list[str]:
    """Names of the nodes with a late reading in the last ``since_s`` seconds."""
    now_s = time.time() if now_s is None else now_s
    query = select(reading.c.node).where(*_late_readings(since_s, now_s)).distinct()
    with engine.connect() as connection:
        return sorted(connection.scalars(query))


def late_hours(
    engine: Engine, home: str, node: str, since_s: float, now_s: float | None = None
) -> list[LateHour]:
    """The late hours of ``node`` in the last ``since_s`` seconds that are to be imported.

    Left out are those that were imported into ``home`` with as many readings, those that
    ``collect --keep`` has folded, and the hour that has not ended ten minutes ago.
    """
    now_s = time.time() if now_s is None else now_s
    c, done, old = reading.c, ha_import.c, reading_hour.c
    query = select(c.ts).where(c.node == node, *_late_readings(since_s, now_s))
    imported = select(done.hour_ts, done.n).where(done.home == home, done.node == node)
    with engine.connect() as connection:
        hours = sorted({_hour(ts) for ts in connection.scalars(query)})
        counts = {row.hour_ts: row.n for row in connection.execute(imported)}
        folded = set(connection.scalars(select(old.hour_ts).where(old.node == node)))
    # what is left of a folded hour would replace its whole row
    hours = [h for h in hours if h not in folded and h + HOUR_S + _AFTER_S <= now_s]
    if not hours:
        return []
    in_time = (c.ts >= hours[0], c.ts < hours[-1] + HOUR_S, c.clock.is_(None), c.t.is_not(None))
    values = values_of(engine, node, *in_time)
    starts = np.searchsorted(values[:, 0], hours)
    ends = np.searchsorted(values[:, 0], np.array(hours) + HOUR_S)
    return [
        LateHour(hour, values[start:end, 1:])
        for hour, start, end in zip(hours, starts, ends, strict=True)
        if counts.get(hour) != end - start
    ]


def remember(engine: Engine, home: str, node: str, hours: list[LateHour]) -> None:
    """Note that ``hours`` of ``node`` were imported into ``home``."""
    now_s = time.time()
    rows = [
        {"home": home, "node": node, "hour_ts": hour.hour_ts, "n": len(hour.values), "at": now_s}
        for hour in hours
    ]
    c = ha_import.c
    with engine.begin() as connection:
        for row in rows:
            connection.execute(
                delete(ha_import).where(
                    c.home == home, c.node == node, c.hour_ts == row["hour_ts"]
                )
            )
        if rows:
            connection.execute(insert(ha_import), rows)


def forget(engine: Engine, home: str) -> None:
    """Forget what was imported into ``home``."""
    with engine.begin() as connection:
        connection.execute(delete(ha_import).where(ha_import.c.home == home))


def _late_readings(since_s: float, now_s: float) -> tuple[ColumnElement[bool], ...]:
    c = reading.c
    first_s = _hour(now_s - since_s)
    return (c.late == 1, c.ts >= first_s, c.clock.is_(None), c.t.is_not(None))


def _hour(ts: float) -> int:
    return int(ts // HOUR_S * HOUR_S)
