"""The events, forecasts and health remarks of a node."""

from __future__ import annotations

import json
import time
from typing import Any

from sqlalchemy import select

from edgewise.dashboard.episodes import event_text
from edgewise.dashboard.fleet import PERIOD_S, Node
from edgewise.dashboard.state import State
from edgewise.dashboard.units import Scale
from edgewise.database.notes import OK
from edgewise.database.schema import events as event
from edgewise.database.schema import forecast
from edgewise.health import current, find_unjudged, with_name
from edgewise.times import Clock

__all__ = ["LISTED", "events", "forecasts", "newest_forecast", "remarks"]

LISTED = 8
_EVENTS_MAX = 300


def newest_forecast(state: State, name: str) -> float | None:
    """The last time of the node's forecast; None without a forecast."""
    query = select(forecast.c.ts).where(forecast.c.node == name).order_by(forecast.c.ts.desc())
    with state.engine.connect() as connection:
        return connection.scalar(query.limit(1))


def forecasts(
    state: State, name: str, first: float, last: float, n: int
) -> dict[str, list[tuple[float, float, float, float]]]:
    """The forecast between two times: channel -> rows of time, value, lower, upper.

    About ``n`` rows at most for each channel; `chart_data.data` takes them.
    """
    query = (
        select(forecast)
        .where(forecast.c.node == name, forecast.c.ts >= first, forecast.c.ts <= last)
        .order_by(forecast.c.ts)
    )
    channels: dict[str, list[tuple[float, float, float, float]]] = {}
    with state.engine.connect() as connection:
        for row in connection.execute(query):
            channels.setdefault(row.channel, []).append((row.ts, row.yhat, row.lower, row.upper))
    return {channel: rows[:: 1 + len(rows) // n] for channel, rows in channels.items()}


def events(
    state: State, clock: Clock, name: str, first: float, last: float, known: Node | None = None
) -> list[tuple[float, str]]:
    """Time and text of the events between two times, the newest first.

    ``known``: what is known of the node ``name``: what people call it, and its period.
    """
    title = known.title if known else name
    period_s = (known.period_s if known else None) or PERIOD_S
    query = (
        select(event.c.ts, event.c.event, event.c.payload, event.c.digest)
        .where(event.c.node == name, event.c.ts >= first, event.c.ts <= last)
        .order_by(event.c.ts.desc())
        .limit(_EVENTS_MAX)
    )
    with state.engine.connect() as connection:
        texts = [
            (row.ts, _event_text(row, state.scale, period_s)) for row in connection.execute(query)
        ]
    return [(ts, clock.localize(with_name(text, name, title), ts)) for ts, text in texts]


def _event_text(row: Any, scale: Scale, period_s: float) -> str:
    payload = json.loads(row.payload)
    if row.digest is None and "about" in payload:  # an event of the host
        is_over = payload["to"] == OK
        text = _host_text(payload["from" if is_over else "to"], payload["about"], scale)
        return f"over: {text}" if is_over else f"{row.event}: {text}"
    if row.event == "unusual":
        return event_text(payload, period_s, scale)
    if row.event == "learn" and "to" in payload:
        return f"limits of what is usual: {payload.get('from')} → {payload['to']}"
    if row.event == "output" and "to" in payload:
        return f"output {payload.get('output')}: {payload.get('from')} → {payload['to']}"
    change = f": {payload.get('from') or 'start'} → {payload['to']}" if "to" in payload else ""
    return f"{row.event}{change}{' (' + str(payload['err']) + ')' if 'err' in payload else ''}"


def _host_text(text: str, about: str, scale: Scale) -> str:
    # The text of a forecast begins with its limit, which the event is about.
    rest = text.removeprefix(about)
    return scale.remark(text) if rest == text else scale.limit(about) + rest


def remarks(
    state: State, clock: Clock, name: str, title: str = ""
) -> tuple[list[tuple[str, str]], str]:
    """Begin of the day and text of the node's health remarks; what to say if there are none.

    ``title``: what people call the node [its id].
    """
    now = time.time()
    rows = current(state.engine, [name], now)[:LISTED]
    texts = [
        (
            clock.text(r.day),
            clock.localize(with_name(state.scale.remark(r.text), name, title), r.day),
        )
        for r in rows
    ]
    reason = find_unjudged(state.engine, [name], now).get(name, "")
    return texts, f"{reason[:1].upper()}{reason[1:]}." if reason else "No problems found."
