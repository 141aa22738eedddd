"""The whole way from a database to what is worth a label."""

from __future__ import annotations

from sqlalchemy import Engine, select

from edgewise.database import display_url
from edgewise.database.nodes import nodes_with_readings
from edgewise.database.schema import label
from edgewise.database.skips import read_skips
from edgewise.errors import InputError
from edgewise.package.store import Package
from edgewise.review.candidates import find_candidates
from edgewise.review.choice import choose
from edgewise.review.proposal import Proposal, Span

__all__ = ["propose"]

_LISTED = 10


def propose(engine: Engine, node: str, now_s: float, new: Package | None = None) -> list[Proposal]:
    """Return at most ten periods of ``node`` to label, in the order to label them.

    None is of a period with a label, or of one that was skipped on the page.
    ``new``: see `find_candidates` and what it raises. InputError for a node without readings.
    """
    c = label.c
    query = select(c.from_ts, c.to_ts).where(c.node == node)
    with engine.connect() as connection:
        nodes = nodes_with_readings(connection)
        labels = [Span(*row) for row in connection.execute(query)]
        skips = [Span(*period) for period in read_skips(connection, node)]
    if node not in nodes:
        some = ", ".join(nodes[:_LISTED]) + ", ..." * (len(nodes) > _LISTED)
        raise InputError(
            f"{display_url(engine)}: node {node!r} has no readings: "
            + (f"nodes are {some}" if nodes else "edgewise collect fills the database")
        )
    return choose(find_candidates(engine, node, now_s, new), [*labels, *skips])
