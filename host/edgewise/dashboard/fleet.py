"""What the overview shows: the newest of each node, and what is wrong with it."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, Select, select, text

from edgewise.database.schema import AHEAD_S, diag, reading, status

__all__ = ["Node", "fleet", "node"]

_RECENT = 10
_SILENT_PERIODS = 3
_SILENT_S = 30.0
# The names by the primary key, in a step each: a DISTINCT would read every row.
_NAMES = text(
    "WITH RECURSIVE n(name) AS (SELECT MIN(node) FROM reading UNION ALL "
    "SELECT (SELECT MIN(node) FROM reading WHERE node > n.name) FROM n WHERE n.name IS NOT NULL) "
    "SELECT name FROM n WHERE name IS NOT NULL"
)


@dataclass(frozen=True)
class Node:
    """``ts``, ``received_at``: unix seconds; ``period_s`` between readings, None when unknown;
    ``diag``: the node's newest diagnosis; ``state``: online, late, silent or offline."""

    name: str
    ts: float | None
    received_at: float
    t: float | None
    h: float | None
    cls: str | None
    p: float | None
    err: str | None
    period_s: float | None
    state: str
    why: str
    diag: dict[str, Any]


def fleet(engine: Engine) -> list[Node]:
    """Every node that has sent a reading, by name."""
    with engine.connect() as connection:
        return [_node(connection, name) for name in connection.scalars(_NAMES)]


def node(engine: Engine, name: str) -> Node | None:
    """One of them; None for a name that has sent nothing."""
    with engine.connect() as connection:
        known = select(reading.c.node).where(reading.c.node == name).limit(1)
        return _node(connection, name) if connection.scalar(known) else None


def _node(connection: Connection, name: str) -> Node:
    now = time.time()
    of_node = select(reading).where(reading.c.node == name).limit(_RECENT)
    timed = of_node.where(reading.c.ts <= now + AHEAD_S).order_by(reading.c.ts.desc())
    counted = of_node.order_by(reading.c.boot.desc(), reading.c.seq.desc())
    rows: list[Any] = _rows(connection, timed) or _rows(connection, counted)
    newest = rows[0]
    steps = [a["ts"] - b["ts"] for a, b in pairwise(rows) if None not in (a["ts"], b["ts"])]
    period_s = statistics.median(steps) if steps else None
    heard = max(row["received_at"] for row in rows)
    state, why = _state(connection, name, newest, heard, period_s, now)
    return Node(
        name,
        ts=newest["ts"],
        received_at=heard,
        t=newest["t"],
        h=newest["h"],
        cls=newest["cls"],
        p=newest["p"],
        err=newest["err"],
        period_s=period_s,
        state=state,
        why=why,
        diag=_diag(connection, name),
    )


def _rows(connection: Connection, query: Select[Any]) -> list[Any]:
    # As mappings: `row.t` of SQLAlchemy is the row itself.
    return list(connection.execute(query).mappings())


def _state(
    connection: Connection,
    name: str,
    newest: Any,
    heard: float,
    period_s: float | None,
    now: float,
) -> tuple[str, str]:
    said = connection.execute(select(status).where(status.c.node == name)).first()
    if said is not None and not said.online:
        return "offline", "the broker says that it is gone"
    limit_s = max(_SILENT_S, _SILENT_PERIODS * (period_s or 0))
    if now - heard > limit_s:
        return "silent", f"nothing heard for more than {limit_s:.0f} s"
    if newest["late"]:
        return "late", "its readings come late, from its memory"
    return "online", ""


def _diag(connection: Connection, name: str) -> dict[str, Any]:
    query = select(diag.c.payload).where(diag.c.node == name).order_by(diag.c.id.desc()).limit(1)
    said = json.loads(connection.scalar(query) or "{}")
    return said if isinstance(said, dict) else {}
