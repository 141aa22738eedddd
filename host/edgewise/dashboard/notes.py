"""What is noted about a node beside its readings: events, forecasts, remarks on its health."""

from __future__ import annotations

import json
import time
from typing import Any

from sqlalchemy import select

from edgewise.dashboard.state import State
from edgewise.database.notes import OK
from edgewise.database.schema import events as event
from edgewise.database.schema import forecast
from edgewise.health import current

__all__ = ["LISTED", "events", "forecasts", "newest_forecast", "remarks"]

LISTED = 8
_EVENTS_MAX = 300


def newest_forecast(state: State, name: str) -> float | None:
    """The last time that is forecast; None without a forecast."""
    query = select(forecast.c.ts).where(forecast.c.node == name).order_by(forecast.c.ts.desc())
    with state.engine.connect() as connection:
        return connection.scalar(query.limit(1))


def forecasts(
    state: State, name: str, first: float, last: float, n: int
) -> dict[str, list[tuple[float, float, float, float]]]:
    """Channel -> time, value, lower, upper, as `chart_data.data` takes them: between two times
    at most about ``n`` each."""
    query = (
        select(forecast)
        .where(forecast.c.node == name, forecast.c.ts >= first, forecast.c.ts <= last)
        .order_by(forecast.c.ts)
    )
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    with state.engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault(row.channel, []).append((row.ts, row.yhat, row.lower, row.upper))
    return {channel: rows[:: 1 + len(rows) // n] for channel, rows in found.items()}


def events(state: State, name: str, first: float, last: float) -> list[tuple[float, str]]:
    """Time and text of the events between two times, the youngest first."""
    query = (
        select(event.c.ts, event.c.event, event.c.payload, event.c.digest)
        .where(event.c.node == name, event.c.ts >= first, event.c.ts <= last)
        .order_by(event.c.ts.desc())
        .limit(_EVENTS_MAX)
    )
    with state.engine.connect() as connection:
        return [(row.ts, _event_text(row)) for row in connection.execute(query)]


def _event_text(row: Any) -> str:
    said = json.loads(row.payload)
    if row.digest is None and "about" in said:  # the host's own
        return f"{row.event}: {said['to']}" if said["to"] != OK else f"over: {said['from']}"
    change = f": {said.get('from') or 'start'} → {said['to']}" if "to" in said else ""
    return f"{row.event}{change}{' (' + str(said['err']) + ')' if 'err' in said else ''}"


def remarks(state: State, name: str) -> list[tuple[str, str]]:
    """Day and text of what is to be said of the node now."""
    said = current(state.engine, [name], time.time())
    return [(time.strftime("%d %b", time.gmtime(r.day)), r.text) for r in said[:LISTED]]
