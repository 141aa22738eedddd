"""Readings of nodes, in order of time, and all of them as a log, labelled or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, func, select

from edgewise.database import display_url
from edgewise.database.logs import as_log
from edgewise.database.schema import reading
from edgewise.errors import InputError
from edgewise.logs.log import Log

__all__ = ["read_all", "values_of"]


def values_of(engine: Engine, node: str, *conditions: ColumnElement[bool]) -> NDArray[np.float64]:
    """Return float64[n, 3]: ts, t, h of the node's readings that meet ``conditions``.

    They are in order of time; of several with the same time all but the first are left out.
    ``conditions`` leave out readings without a time. t and h are NaN where the read failed.
    """
    c = reading.c
    query = select(c.ts, c.t, c.h).where(c.node == node, *conditions).order_by(c.ts)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    values = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return values[np.diff(values[:, 0], prepend=-np.inf) > 0]


def read_all(engine: Engine, nodes: list[str] | None = None, since_s: float | None = None) -> Log:
    """Return the readings of ``nodes`` [all] in the last ``since_s`` seconds [all].

    The time counts back from the newest of these readings. Readings without a time or with that of
    a wrong clock are left out, and of several with the same time all but the first. Raises
    InputError where there are none, or a node has none.
    """
    url, c = display_url(engine), reading.c
    wanted: list[Any] = [c.ts.is_not(None), c.clock.is_(None)]
    if nodes:
        wanted.append(c.node.in_(nodes))
    with engine.connect() as connection:
        newest_s = connection.execute(select(func.max(c.ts)).where(*wanted)).scalar()
        if newest_s is None:
            raise InputError(f"{url}: no readings to train on: let edgewise collect run first")
        if since_s is not None:
            wanted.append(c.ts > newest_s - since_s)
        query = select(c.node).where(*wanted).distinct().order_by(c.node)
        names = list(connection.scalars(query))
    if nodes and (missing := sorted(set(nodes) - set(names))):
        raise InputError(f"{url}: node {missing[0]} has no readings in this time: name another")
    parts = [values_of(engine, name, *wanted) for name in names]
    node = np.repeat(np.array(names, dtype=object), [len(part) for part in parts])
    return as_log(url, node, *np.concatenate(parts).T)
