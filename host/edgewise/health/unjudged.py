"""Which nodes a health check cannot judge, and why."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, func, select

from edgewise.database.schema import AHEAD_S, health, reading, reading_hour
from edgewise.health.days import DAYS
from edgewise.package.baseline import DAY_S

__all__ = ["find_unjudged"]

_CHECKED_S = 7200  # twice the time between two checks


def find_unjudged(engine: Engine, nodes: Iterable[str], now_s: float) -> dict[str, str]:
    """Node -> why it is not judged, for those of ``nodes`` that are not."""
    reasons = {}
    with engine.connect() as connection:
        for node in nodes:
            if reason := _reason(connection, node, now_s):
                reasons[node] = reason
    return reasons


def _reason(connection: Connection, node: str, now_s: float) -> str:
    c = reading.c
    newest = select(func.max(c.ts)).where(c.node == node, c.ts <= now_s + AHEAD_S)
    hour = select(func.max(reading_hour.c.hour_ts)).where(reading_hour.c.node == node)
    times = [t for query in (newest, hour) if (t := connection.scalar(query)) is not None]
    if not times:
        return "not judged: no readings with a time yet"
    days = int((now_s - max(times)) // DAY_S)
    if days >= DAYS:
        return f"not judged: no readings for {days} days"
    found = select(health.c.node).where(health.c.node == node, health.c.day > now_s - DAYS * DAY_S)
    if connection.scalar(found.limit(1)):
        return ""
    checked_s = connection.scalar(select(func.max(health.c.made_at))) or 0
    if checked_s > now_s - _CHECKED_S:
        return "not judged yet: too few readings"
    return "not judged yet: no check so far"
