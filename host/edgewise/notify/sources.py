"""Where problems are seen: the events in the database, the state of each node, the forecasts."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select

from edgewise.dashboard.fleet import fleet
from edgewise.database.notes import OK
from edgewise.database.schema import events, forecast, notify_event
from edgewise.database.services import COLLECTOR, services
from edgewise.notify.notices import begin, end, open_notices
from edgewise.notify.settings import Settings

__all__ = ["look"]

UNUSUAL = "unusual"
_BACK = 10_000  # events before the newest one among which one may become visible late
_STEP = 1000
_FORGOTTEN_S = 7 * 86400.0  # a node that was silent for so long when notify first saw it
_AWAY = ("offline", "silent")
_LATE_S = 30 * 86400  # an event that comes later than this has a wrong time
_CHANNELS = {"t": ("temperature", "C"), "h": ("humidity", "%RH")}


def look(engine: Engine, settings: Settings, now_s: float) -> None:
    """Note what began and what is gone, in one transaction."""
    nodes = fleet(engine)
    programs = services(engine)
    with engine.begin() as connection:
        _look_at_events(connection, settings, now_s)
        is_deaf = _look_at_collector(connection, settings, programs.get(COLLECTOR), now_s)
        if not is_deaf:
            _look_at_nodes(connection, settings, nodes, now_s)
        _look_at_forecasts(connection, settings, now_s)


def _look_at_events(connection: Connection, settings: Settings, now_s: float) -> None:
    done = notify_event.c.event
    newest_done = connection.scalar(select(func.max(done)))
    if newest_done is None:  # the first start: what was before is history
        newest = connection.scalar(select(func.max(events.c.id))) or 0
        connection.execute(insert(notify_event).values(event=newest))
        return
    first = max(newest_done - _BACK, connection.scalar(select(func.min(done))) or 0)
    new = (
        select(events)
        .outerjoin(notify_event, done == events.c.id)
        .where(events.c.id > first, done.is_(None))
        .order_by(events.c.id)
        .limit(_STEP)
    )
    rows = connection.execute(new).all()
    for row in rows:
        _look_at_event(connection, settings, row, now_s)
    if rows:
        connection.execute(insert(notify_event), [{"event": row.id} for row in rows])
        connection.execute(delete(notify_event).where(done < rows[-1].id - 2 * _BACK))


def _look_at_event(connection: Connection, settings: Settings, row: Any, now_s: float) -> None:
    payload = json.loads(row.payload)
    at_s = row.received_at  # where the clock of the node is not set, or ahead
    if row.ts is not None and at_s - _LATE_S <= row.ts <= at_s:
        at_s = row.ts
    if row.digest is None and "about" in payload and row.event in ("health", "forecast"):
        key = (row.node, row.event, str(payload["about"])[:64])
        if payload.get("to") == OK:
            end(connection, key, at_s)
        else:
            begin(connection, settings, key, str(payload.get("to")), at_s, now_s)
    elif row.event == "fault":
        if payload.get("to") == OK:
            end(connection, (row.node, "fault", ""), at_s)
        else:
            text = str(payload.get("err") or "")
            begin(connection, settings, (row.node, "fault", ""), text, at_s, now_s)
    elif row.event == "class":
        was, is_now = payload.get("from"), payload.get("to")
        if is_now == UNUSUAL:
            begin(connection, settings, (row.node, UNUSUAL, ""), "", at_s, now_s)
        elif was == UNUSUAL:
            end(connection, (row.node, UNUSUAL, ""), at_s)
        else:
            end(connection, (row.node, UNUSUAL, ""), at_s)
            text = f"{was or 'start'} -> {is_now or 'unsure'}"
            begin(connection, settings, (row.node, "class", str(row.id)), text, at_s, now_s)


def _look_at_collector(
    connection: Connection, settings: Settings, collector: Any, now_s: float
) -> bool:
    # True when the silence of the nodes says nothing about them.
    problems = {}
    if collector is not None and not collector.is_alive(now_s):
        problems["collector"] = collector.seen_at
    elif collector is not None and collector.facts.get("broker_lost_at"):
        problems["broker"] = float(collector.facts["broker_lost_at"])
    for about in ("collector", "broker"):
        key = ("", "system", about)
        if about in problems:
            begin(connection, settings, key, "", problems[about], now_s)
        else:
            end(connection, key, now_s)
    return bool(problems)


def _look_at_nodes(
    connection: Connection, settings: Settings, nodes: list[Any], now_s: float
) -> None:
    known = {node for node, _ in open_notices(connection, "offline")}
    for node in nodes:
        key = (node.name, "offline", "")
        if node.state not in _AWAY:
            if node.name in known:
                end(connection, key, now_s)
        elif node.name in known or now_s - node.received_at < _FORGOTTEN_S:
            begin(connection, settings, key, node.state, node.received_at, now_s)
    names = {node.name for node in nodes}
    for name in known - names:
        end(connection, (name, "offline", ""), now_s)


def _look_at_forecasts(connection: Connection, settings: Settings, now_s: float) -> None:
    crossed: dict[tuple[str, str], Any] = {}
    c = forecast.c
    has_limits = bool(settings.node_limits) or settings.limits.t or settings.limits.h
    if has_limits:
        query = select(c.node, c.channel, c.ts, c.yhat).where(c.ts > now_s).order_by(c.ts)
        for row in connection.execute(query):
            pair = getattr(settings.limits_of(row.node), row.channel)
            if pair and not pair[0] <= row.yhat <= pair[1]:
                is_high = row.yhat > pair[1]
                about = f"limit {row.channel}{'>' if is_high else '<'}{pair[int(is_high)]:g}"
                crossed.setdefault((row.node, about), row.ts)
    open_ones = {key for key in open_notices(connection, "forecast") if key[1][:6] == "limit "}
    for (node, about), at_s in crossed.items():
        begin(connection, settings, (node, "forecast", about), f"{at_s:.0f}", now_s, now_s)
    for node, about in open_ones - set(crossed):
        end(connection, (node, "forecast", about), now_s)
