"""Inserts rows: a reading or an event only once; of rejected messages the newest thousand stay.

They are in the order of their keys: two collectors of a group never wait for each other in a
circle.
"""

from __future__ import annotations

import time
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from edgewise.collector.identity import (
    Key,
    Lives,
    clashes_of,
    note_two_boards,
)
from edgewise.database import schema
from edgewise.database.months import by_month, in_months

__all__ = ["UNSTORABLE", "Rows", "dialect_of", "empty_rows", "insert", "rejected_row"]

Rows = dict[str, list[dict[str, Any]]]
# Errors of a row, not of the database. ValueError: the database's encoding lacks a character.
UNSTORABLE = (DataError, IntegrityError, ValueError)

_REJECTED_MAX = 1000
_REJECTED_BYTES = 1024
_TABLES: dict[str, Table] = {
    "reading": schema.reading,
    "event": schema.events,
    "diag": schema.diag,
    "status": schema.status,
    "outlook": schema.outlook,
    "rejected": schema.rejected,
}

# Events of a node stay in the order in which they came.
_ORDERS = {
    "reading": itemgetter("node", "boot", "seq"),
    "event": itemgetter("node"),
    "status": itemgetter("node"),
    "outlook": itemgetter("node", "minutes"),
}


def empty_rows() -> Rows:
    """An empty list of rows for each table."""
    return {name: [] for name in _TABLES}


def rejected_row(topic: str, payload: bytes, why: Exception, now_s: float) -> dict[str, Any]:
    """A row of the table ``rejected``, in ASCII, which any database can store."""
    text = payload[:_REJECTED_BYTES].decode("ascii", "backslashreplace")
    row = {"topic": _ascii(topic), "payload": _ascii(text), "why": _ascii(str(why))}
    return {**row, "received_at": now_s}


def _ascii(text: str) -> str:
    plain = text[:_REJECTED_BYTES].encode("ascii", "backslashreplace").decode()
    return plain.replace("\0", "\\x00")[:_REJECTED_BYTES]


def dialect_of(connection: Connection) -> Any:
    """The dialect whose ``insert`` has ON CONFLICT for this database."""
    return postgresql if connection.dialect.name == "postgresql" else sqlite


def insert(connection: Connection, rows: Rows, lives: Lives) -> int:
    """Insert ``rows`` and return how many of the readings were new.

    A reading with the key of another one and other values goes into ``clash``; an event says that
    two boards use the name.
    """
    rows = rows | {name: sorted(rows[name], key=order) for name, order in _ORDERS.items()}
    nodes = lives.nodes_with_two(connection, rows["reading"], rows["event"])
    new_keys: list[Key] = []
    clashes: list[dict[str, Any]] = []
    dialect = dialect_of(connection)
    for name, table in _TABLES.items():
        if not rows[name]:
            continue
        statement = dialect.insert(table)
        if table is schema.reading:
            new_keys = _insert_readings(connection, rows[name])
            if len(new_keys) < len(rows[name]):
                clashes = clashes_of(connection, rows[name], new_keys)
            continue
        if table is schema.events:
            statement = statement.on_conflict_do_nothing()
        if table in (schema.status, schema.outlook):  # the newest takes the place
            names = [column.name for column in table.columns if not column.primary_key]
            statement = statement.on_conflict_do_update(
                index_elements=list(table.primary_key),
                set_={name: statement.excluded[name] for name in names},
                where=_is_newer(statement.excluded) if table is schema.outlook else None,
            )
        connection.execute(statement, rows[name])
    _note_two_boards(connection, nodes, clashes)
    if rows["rejected"]:
        newest_id = connection.execute(select(func.max(schema.rejected.c.id))).scalar_one()
        connection.execute(
            delete(schema.rejected).where(schema.rejected.c.id <= newest_id - _REJECTED_MAX)
        )
    return len(new_keys)


def _insert_readings(connection: Connection, rows: list[dict[str, Any]]) -> list[Key]:
    table = schema.reading
    if dialect_of(connection) is postgresql:
        table, rows = by_month, in_months(connection, rows, time.time())
    statement = dialect_of(connection).insert(table).on_conflict_do_nothing()
    returning = statement.returning(*(table.c[name] for name in ("node", "boot", "seq")))
    return [tuple(row) for row in connection.execute(returning, rows)]


def _is_newer(outlook: Any) -> Any:
    # Another collector of the group may have been faster with the next one. A board that was
    # written again begins with lower numbers at later times.
    c = schema.outlook.c
    is_older = and_(outlook.boot == c.boot, outlook.seq < c.seq, outlook.ts < c.ts)
    return is_older.is_not(True)


def _note_two_boards(
    connection: Connection, nodes: set[str], clashes: list[dict[str, Any]]
) -> None:
    dialect = dialect_of(connection)
    if clashes:
        connection.execute(dialect.insert(schema.clash).on_conflict_do_nothing(), clashes)
    nodes = nodes | {row["node"] for row in clashes}
    if nodes:
        notes = [note_two_boards(node, time.time()) for node in sorted(nodes)]
        connection.execute(dialect.insert(schema.events).on_conflict_do_nothing(), notes)
