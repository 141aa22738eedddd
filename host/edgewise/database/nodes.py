"""The names of the nodes in a database."""

from __future__ import annotations

from sqlalchemy import Connection, TextClause, select, text, union

from edgewise.database.schema import diag, events, status

__all__ = ["known_nodes", "nodes_with_readings", "nodes_with_unfolded"]

# Steps from name to name in the primary key: a DISTINCT would read every row. A node that went
# silent long ago may have rows in reading_hour only.
_STEPS = (
    "SELECT MIN(node) FROM {0} UNION ALL "
    "SELECT (SELECT MIN(node) FROM {0} WHERE node > {0}_n.name) FROM {0}_n "
    "WHERE {0}_n.name IS NOT NULL"
)


def _names_in(*tables: str) -> TextClause:
    parts = ", ".join(f"{table}_n(name) AS ({_STEPS.format(table)})" for table in tables)
    names = (f"SELECT name FROM {table}_n WHERE name IS NOT NULL" for table in tables)
    return text(f"WITH RECURSIVE {parts} {' UNION '.join(names)} ORDER BY name")


# In PostgreSQL a step in all partitions takes as long as they are many: reading_block has the
# nodes of each month, see edgewise.database.months.
_TABLES = {"sqlite": ["reading"], "postgresql": ["reading_block", "reading_kept"]}
_UNFOLDED = {dialect: _names_in(*tables) for dialect, tables in _TABLES.items()}
_WITH_READINGS = {
    dialect: _names_in(*tables, "reading_hour") for dialect, tables in _TABLES.items()
}
_OTHERS = union(*(select(table.c.node) for table in (status, diag, events)))


def nodes_with_readings(connection: Connection) -> list[str]:
    """The names of the nodes that have sent a reading, sorted."""
    return list(connection.scalars(_WITH_READINGS[connection.dialect.name]))


def nodes_with_unfolded(connection: Connection) -> list[str]:
    """The names of the nodes that have readings which are not hours yet, sorted."""
    return list(connection.scalars(_UNFOLDED[connection.dialect.name]))


def known_nodes(connection: Connection) -> list[str]:
    """The names of all nodes that have sent anything, sorted."""
    return sorted({*nodes_with_readings(connection), *connection.scalars(_OTHERS)})
