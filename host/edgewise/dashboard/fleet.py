"""The state of each node for the pages: its newest reading, and whether it is online."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Connection,
    Engine,
    String,
    bindparam,
    func,
    select,
    true,
)

from edgewise.database.months import by_month, number_of
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
_MONTH_S = 31 * _DAY_S
# The queries are built once: for a hundred nodes a second, building one takes longer than
# answering it.
_NAME: BindParameter[str] = bindparam("node")
_READINGS = select(reading).where(reading.c.node == _NAME).limit(_RECENT_READINGS)


def _newest_by_time(name: Any, table: Any = reading) -> Any:
    c = table.c
    newest = select(table).where(c.node == name, c.ts <= bindparam("limit"))
    return newest.order_by(c.ts.desc()).limit(_RECENT_READINGS)


def _newest_in_months(name: Any) -> Any:
    # most nodes have them in the newest partitions, and each partition costs a search
    return _newest_by_time(name, by_month).where(by_month.c.month >= bindparam("month"))


def _newest_in_buffer(name: Any) -> Any:
    return _newest_by_time(name).limit(_SLEEP_BUFFER)


def _status(name: Any) -> Any:
    return select(status.c.online).where(status.c.node == name)


def _two_boards(name: Any) -> Any:
    return (
        select(events.c.id)
        .where(events.c.node == name, events.c.ts > bindparam("first"))
        .where(events.c.event == TWO_BOARDS)
        .limit(1)
    )


def _diag(name: Any) -> Any:
    return select(diag.c.payload).where(diag.c.node == name).order_by(diag.c.id.desc()).limit(1)


_FACTS = (_newest_by_time, _newest_in_buffer, _status, _two_boards, _diag)
_OF_ONE = {query: query(_NAME) for query in _FACTS}
# A server takes a millisecond for each question and its way: all nodes are one question there.
_NAMES = (
    func.unnest(bindparam("names", type_=ARRAY(String)))
    .table_valued("of", name="asked")
    .render_derived()
)


def _of_all(query: Any) -> Any:
    part = query(_NAMES.c.of).lateral("part")
    return select(_NAMES.c.of, part).join(part, true())


_OF_ALL = {query: _of_all(query) for query in _FACTS}
_IN_MONTHS = _of_all(_newest_in_months)

_NEWEST_BY_SEQ = _READINGS.order_by(reading.c.boot.desc(), reading.c.seq.desc())
_NEWEST_HOUR = (
    select(reading_hour)
    .where(reading_hour.c.node == _NAME)
    .order_by(reading_hour.c.hour_ts.desc())
    .limit(1)
)


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
        ids = nodes_with_readings(connection)
        facts = _read_facts(connection, ids, time.time())
        nodes = [_node(connection, names.get(id) or NodeName(id), facts[id]) for id in ids]
    return [node for node in nodes if node is not None]


def node(engine: Engine, name: str) -> Node | None:
    """The node ``name``; None if it has not sent a reading."""
    with engine.connect() as connection:
        facts = _read_facts(connection, [name], time.time())
        return _node(connection, read_name(connection, name), facts[name])


_Facts = dict[Any, list[Any]]  # rows of each query


def _read_facts(connection: Connection, names: list[str], now: float) -> dict[str, _Facts]:
    facts: dict[str, _Facts] = {name: {query: [] for query in _OF_ONE} for name in names}
    limits = {"limit": now + AHEAD_S, "first": now - _DAY_S}
    is_server = connection.dialect.name == "postgresql"
    others = names
    if is_server:
        month = {"month": number_of(now - _MONTH_S)}
        for row in _rows(connection, _IN_MONTHS, names=names, **limits, **month):
            facts[row["of"]][_newest_by_time].append(row)
        others = [n for n in names if len(facts[n][_newest_by_time]) < _RECENT_READINGS]

    def ask(query: Any, names: list[str]) -> None:
        for name in names:
            facts[name][query] = []
            if not is_server:
                facts[name][query] = _rows(connection, _OF_ONE[query], node=name, **limits)
        if is_server and names:
            for row in _rows(connection, _OF_ALL[query], names=names, **limits):
                facts[row["of"]][query].append(row)

    ask(_newest_by_time, others)
    is_late = {name: any(r["late"] for r in facts[name][_newest_by_time]) for name in names}
    ask(_newest_in_buffer, [name for name in names if is_late[name]])
    for query in (_status, _two_boards, _diag):
        ask(query, names)
    return facts


def _node(connection: Connection, names: NodeName, facts: _Facts) -> Node | None:
    now, name = time.time(), names.node
    rows: list[Any] = (
        facts[_newest_by_time]
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
        wait_s = min(_longest_wait(facts), _SLEEP_BUFFER * period_s)
        limit_s = max(limit_s, _SILENT_WAITS * wait_s)
    state, why = _state(facts, newest, now - last_received_at, limit_s)
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
        has_two_boards=bool(facts[_two_boards]),
        is_failing=len(rows) >= _FAILING_MIN and all(row["err"] for row in rows),
        diag=_payload(facts),
    )


def _longest_wait(facts: _Facts) -> float:
    # The longest time between a reading and its arrival: a sleeping node reports in batches.
    rows = facts[_newest_in_buffer]
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


def _state(facts: _Facts, newest: Any, age_s: float, limit_s: float) -> tuple[str, str]:
    if any(row["online"] == 0 for row in facts[_status]):
        return "offline", "The broker reports it offline."
    if age_s > limit_s:
        return "silent", f"No reading for more than {short_duration(limit_s)}."
    if newest["late"]:
        return "late", "Its readings arrive late, from its memory."
    return "online", ""


def _payload(facts: _Facts) -> dict[str, Any]:
    payload = json.loads(next((row["payload"] for row in facts[_diag]), "{}"))
    return payload if isinstance(payload, dict) else {}
