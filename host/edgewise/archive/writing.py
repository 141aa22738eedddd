"""Puts the readings and labels of a database into an archive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from edgewise.archive.archive import LABEL_ORDER, Archive, Saved
from edgewise.archive.arrow import Table
from edgewise.archive.months import end_of, month_of, start_of
from edgewise.archive.rows import in_order, schema_of, to_arrow
from edgewise.database.readings import DatabaseReadings
from edgewise.database.schema import TIMES, label, reading

__all__ = ["hold", "months_of", "save_labels", "save_readings"]

_BATCH = 20_000
Key = tuple[int, int, float]


def save_readings(engine: Engine, archive: Archive) -> Iterator[Saved]:
    """Put all readings into the archive, month by month; one that is there already is not new."""
    parts = archive.parts()
    for node in DatabaseReadings(engine).nodes():
        for month in months_of(engine, node):
            rows = in_order(_rows_of(engine, node, month))
            if len(rows):  # they may have become hours meanwhile
                digests = parts.get(node, {}).get(month, [])
                yield archive.save(node, month, rows, digests, is_checked=False)


def save_labels(engine: Engine, archive: Archive) -> int:
    """Put the labels of each node that has some into the archive; return how many are new states.

    A node that has none in the database keeps those of the archive: the database may be new.
    """
    c = label.c
    query = select(label).order_by(c.node, *(c[name] for name in LABEL_ORDER))
    by_node: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            by_node.setdefault(row.node, []).append(tuple(row))
    schema = schema_of(label)
    return archive.save_labels({n: to_arrow([rows], schema) for n, rows in by_node.items()})


def hold(engine: Engine, archive: Archive, node: str, month: str) -> frozenset[Key]:
    """Put the readings of a node's month into the archive; return the keys of those it holds.

    They were written, read back and compared. A key is boot, seq and received_at.
    """
    rows = in_order(_rows_of(engine, node, month))
    if len(rows):
        digests = archive.parts(node).get(node, {}).get(month, [])
        archive.save(node, month, rows, digests, is_checked=True)
    columns = (rows[name].to_pylist() for name in ("boot", "seq", "received_at"))
    return frozenset(zip(*columns, strict=True))


def months_of(
    engine: Engine, node: str, end_s: float | None = None, *conditions: Any
) -> list[str]:
    """The months before ``end_s`` in which ``node`` has readings that meet ``conditions``.

    Each condition is a function of the column of the time.
    """
    months: set[str] = set()
    with engine.connect() as connection:
        for column, is_for in TIMES:
            wanted = [reading.c.node == node, is_for, *(make(column) for make in conditions)]
            if end_s is not None:
                wanted.append(column < end_s)
            months.update(_months(connection, column, and_(*wanted)))
    return sorted(months)


def _months(
    connection: Connection, column: ColumnElement[float], wanted: ColumnElement[bool]
) -> Iterator[str]:
    # Steps from month to month in the index.
    first = select(func.min(column)).where(wanted)
    time_s = connection.scalar(first)
    while time_s is not None:
        month = month_of(time_s)
        yield month
        time_s = connection.scalar(first.where(column >= end_of(month)))


def _rows_of(engine: Engine, node: str, month: str) -> Table:
    return to_arrow(_batches(engine, node, month), schema_of(reading))


def _batches(engine: Engine, node: str, month: str) -> Iterator[Any]:
    with engine.connect() as connection:
        for column, is_for in TIMES:
            query = select(reading).where(
                reading.c.node == node,
                is_for,
                column >= start_of(month),
                column < end_of(month),
            )
            # Rows of SQLAlchemy would take as long as reading them.
            cursor = connection.execute(query).cursor
            while rows := cursor.fetchmany(_BATCH):
                yield rows
