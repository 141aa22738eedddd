"""Unusual episodes of a node, from the events that it sent."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from edgewise.database.schema import events, reading
from edgewise.unusual.words import describe_event as episode_words

__all__ = ["Episode", "episode_words", "episodes_of"]

_EVENT, _UNUSUAL = "unusual", "unusual"
_EPISODES_MAX = 300
_LONGEST_S = 7 * 86400  # an episode that began before the visible span may reach into it


@dataclass(frozen=True)
class Episode:
    """``start``, ``end``: unix seconds of its first and last unusual reading."""

    start: float
    end: float
    words: str


def episodes_of(
    engine: Engine, node: str, first_s: float, last_s: float, period_s: float
) -> list[Episode]:
    """Return the episodes of a node between two times, from what it told, oldest first.

    Where a node did not tell of an end, an episode lasts until its last unusual reading before
    the next one. ``period_s``: between readings.
    """
    c = events.c
    query = (
        select(c.ts, c.boot, c.payload)
        .where(c.node == node, c.event == _EVENT)
        .where(c.ts >= first_s - _LONGEST_S, c.ts <= last_s + _LONGEST_S)
        .order_by(c.ts.desc(), c.id.desc())
        .limit(2 * _EPISODES_MAX)
    )
    with engine.connect() as connection:
        found_rows = list(connection.execute(query))[::-1]
        rows = [(row.ts, row.boot, json.loads(row.payload)) for row in found_rows]
        begins = [i for i, row in enumerate(rows) if row[2].get("to") == _UNUSUAL]
        found = []
        for i, following in zip(begins, [*begins, len(rows)][1:], strict=True):
            ts, boot, payload = rows[i]
            seconds = [p.get("seconds") for _, b, p in rows[i + 1 : following] if b == boot]
            if seconds and isinstance(seconds[0], int | float):
                end = ts + seconds[0]
            else:
                until = rows[following][0] if following < len(rows) else None
                end = _last_unusual(connection, node, ts, until)
            if end >= first_s and ts <= last_s:
                found.append(Episode(ts, end, episode_words(payload, period_s)))
    return found


def _last_unusual(connection: Connection, node: str, from_s: float, to_s: float | None) -> float:
    c = reading.c
    query = select(func.max(c.ts)).where(c.node == node, c.ts >= from_s, c.u > 1)
    if to_s is not None:
        query = query.where(c.ts < to_s)
    return float(connection.scalar(query) or from_s)
