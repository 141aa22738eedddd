"""The state of each node for the pages: its newest reading, and whether it is online."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, bindparam, select

from edgewise.database.names import NodeName, read_name, read_names
from edgewise.database.nodes import nodes_with_readings
from edgewise.database.schema import (
    AHEAD_S,
    HOUR_S,
    TWO_BOARDS,
    diag,
    events,
    reading,
    reading_hour,
    status,
)
from edgewise.times import short_duration

__all__ = ["PERIOD_S", "Node", "fleet", "node"]

_RECENT_READINGS = 10
_FAILING_MIN = 3  # readings in a row
_SILENT_PERIODS = 3
_SILENT_WAITS = 1.5
_SLEEP_BUFFER = 226  # readings that a sleeping node holds before it reports, docs/battery.md
PERIOD_S = 60.0  # of a node whose period is unknown
_SILENT_S = 30.0
_DAY_S = 86400.0
# The queries are built once: for a hundred nodes a second, building one takes longer than
# answering it.
_NAME: BindParameter[str] = bindparam("node")
_READINGS = select(reading).where(reading.c.node == _NAME).limit(_RECENT_READINGS)
_NEWEST_BY_TIME = _READINGS.where(reading.c.ts <= bindparam("limit")).order_by(reading.c.ts.desc())
_NEWEST_IN_BUFFER = _NEWEST_BY_TIME.limit(_SLEEP_BUFFER)
_NEWEST_BY_SEQ = _READINGS.order_by(reading.c.boot.desc(), reading.c.seq.desc())
_NEWEST_HOUR = (
    select(reading_hour)
    .where(reading_hour.c.node == _NAME)
    .order_by(reading_hour.c.hour_ts.desc())
    .limit(1)
)
_STATUS = select(status.c.online).where(status.c.node == _NAME)
_TWO_BOARDS = (
    select(events.c.id)
    .where(events.c.node == _NAME, events.c.ts > bindparam("first"))
    .where(events.c.event == TWO_BOARDS)
    .limit(1)
)
_DIAG = select(diag.c.payload).where(diag.c.node == _NAME).order_by(diag.c.id.desc()).limit(1)


@dataclass(frozen=True)
class Node:
    """A node and its newest reading.

    ``name``: its id. ``title``: its friendly name, else its id. ``room``: "" where it has none.
    ``ts``, ``received_at``: unix seconds. ``period_s``: between readings, None when unknown.
    ``silent_s``: without a reading for longer it is silent. ``diag``: the node's newest diag
    message. ``state``: online, late, silent or offline.
    ``has_two_boards``: whether two boards used the name in the last day. ``is_failing``: whether
    its last reads have all failed, three at least.
    """

    name: str
    title: str
    room: str
    boot: int
    ts: float | None
    received_at: float
    t: float | None
    h: float | None
    cls: str | None
    p: float | None
    err: str | None
    period_s: float | None
    silent_s: float
    state: str
    why: str
    has_two_boards: bool
    is_failing: bool
    diag: dict[str, Any]


def fleet(engine: Engine) -> list[Node]:
    """Every node that has sent a reading, by name."""
    with engine.connect() as connection:
        names = read_names(connection)
        nodes = [
            _node(connection, names.get(name) or NodeName(name))
            for name in nodes_with_readings(connection)
        ]
    return [node for node in nodes if node is not None]


def node(engine: Engine, name: str) -> Node | None:
    """The node ``name``; None if it has not sent a reading."""
    with engine.connect() as connection:
        return _node(connection, read_name(connection, name))


def _node(connection: Connection, names: NodeName) -> Node | None:
    now, name = time.time(), names.node
    rows: list[Any] = (
        _rows(connection, _NEWEST_BY_TIME, node=name, limit=now + AHEAD_S)
        or _rows(connection, _NEWEST_BY_SEQ, node=name)
        or [_as_reading(hour) for hour in _rows(connection, _NEWEST_HOUR, node=name)]
    )
    if not rows:
        return None
    newest = rows[0]
    steps = [a["ts"] - b["ts"] for a, b in pairwise(rows) if None not in (a["ts"], b["ts"])]
    period_s = statistics.median(steps) if steps else None
    last_received_at = max(row["received_at"] for row in rows)
    limit_s = max(_SILENT_S, _SILENT_PERIODS * (period_s or 0))
    if period_s and any(row["late"] for row in rows):
        wait_s = min(_longest_wait(connection, name, now), _SLEEP_BUFFER * period_s)
        limit_s = max(limit_s, _SILENT_WAITS * wait_s)
    state, why = _state(connection, name, newest, now - last_received_at, limit_s)
    return Node(
        name,
        names.title,
        names.room,
        boot=max(row["boot"] for row in rows),
        ts=newest["ts"],
        received_at=last_received_at,
        t=newest["t"],
        h=newest["h"],
        cls=newest["cls"],
        p=newest["p"],
        err=newest["err"],
        period_s=period_s,
        silent_s=limit_s,
        state=state,
        why=why,
        has_two_boards=bool(_rows(connection, _TWO_BOARDS, node=name, first=now - _DAY_S)),
        is_failing=len(rows) >= _FAILING_MIN and all(row["err"] for row in rows),
        diag=_diag(connection, name),
    )


def _longest_wait(connection: Connection, name: str, now: float) -> float:
    # The longest time between a reading and its arrival: a sleeping node reports in batches.
    rows = _rows(connection, _NEWEST_IN_BUFFER, node=name, limit=now + AHEAD_S)
    return max((row["received_at"] - row["ts"] for row in rows if row["late"]), default=0.0)


def _rows(connection: Connection, query: Any, **parameters: Any) -> list[Any]:
    # Mappings, because `row.t` of a SQLAlchemy row is the row itself.
    return list(connection.execute(query, parameters).mappings())


def _as_reading(hour: Any) -> dict[str, Any]:
    # Turns an hourly row into a reading, for a node that has nothing newer.
    end = hour["hour_ts"] + HOUR_S - 1.0
    err = "failed" if hour["t_mean"] is None else None
    values = {"t": hour["t_mean"], "h": hour["h_mean"], "cls": hour["cls"], "p": None, "err": err}
    return {"boot": 0, "ts": end, "received_at": end, "late": 0, **values}


def _state(
    connection: Connection,
    name: str,
    newest: Any,
    age_s: float,
    limit_s: float,
) -> tuple[str, str]:
    if connection.scalar(_STATUS, {"node": name}) == 0:
        return "offline", "The broker reports it offline."
    if age_s > limit_s:
        return "silent", f"No reading for more than {short_duration(limit_s)}."
    if newest["late"]:
        return "late", "Its readings arrive late, from its memory."
    return "online", ""


def _diag(connection: Connection, name: str) -> dict[str, Any]:
    payload = json.loads(connection.scalar(_DIAG, {"node": name}) or "{}")
    return payload if isinstance(payload, dict) else {}
