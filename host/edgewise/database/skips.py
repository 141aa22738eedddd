"""Periods of a node that were skipped on its page: nobody knows their class."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select

from edgewise.database.opening import one_at_a_time
from edgewise.database.schema import skipped

__all__ = ["add_skip", "read_skips"]

_MAX = 500  # of a node: its list covers four weeks


def read_skips(connection: Connection, node: str) -> list[tuple[float, float]]:
    """The skipped periods of ``node`` in unix seconds, from and to, in order of time."""
    c = skipped.c
    query = select(c.from_ts, c.to_ts).where(c.node == node).order_by(c.from_ts, c.to_ts)
    return [(row.from_ts, row.to_ts) for row in connection.execute(query)]


def add_skip(engine: Engine, node: str, from_ts: float, to_ts: float) -> None:
    """Store a skipped period of ``node``; of more than 500 the latest ones stay."""
    c = skipped.c
    with engine.begin() as connection:
        one_at_a_time(connection)  # two browsers may skip the same
        periods = {*read_skips(connection, node), (from_ts, to_ts)}
        rows = [{"node": node, "from_ts": a, "to_ts": b} for a, b in sorted(periods)[-_MAX:]]
        connection.execute(delete(skipped).where(c.node == node))
        connection.execute(insert(skipped), rows)
