"""The names of the nodes in a database."""

from __future__ import annotations

from sqlalchemy import Connection, select, text, union

from edgewise.database.schema import diag, events, status

__all__ = ["known_nodes", "nodes_with_readings"]

# Steps from name to name in the primary key: a DISTINCT would read every row. A node that went
# silent long ago may have rows in reading_hour only.
_STEPS = (
    "SELECT MIN(node) FROM {0} UNION ALL "
    "SELECT (SELECT MIN(node) FROM {0} WHERE node > {0}_n.name) FROM {0}_n "
    "WHERE {0}_n.name IS NOT NULL"
)
_WITH_READINGS = text(
    f"WITH RECURSIVE reading_n(name) AS ({_STEPS.format('reading')}), "
    f"reading_hour_n(name) AS ({_STEPS.format('reading_hour')}) "
    "SELECT name FROM reading_n WHERE name IS NOT NULL UNION "
    "SELECT name FROM reading_hour_n WHERE name IS NOT NULL ORDER BY name"
)
_OTHERS = union(*(select(table.c.node) for table in (status, diag, events)))


def nodes_with_readings(connection: Connection) -> list[str]:
    """The names of the nodes that have sent a reading, sorted."""
    return list(connection.scalars(_WITH_READINGS))


def known_nodes(connection: Connection) -> list[str]:
    """The names of all nodes that have sent anything, sorted."""
    return sorted({*nodes_with_readings(connection), *connection.scalars(_OTHERS)})
