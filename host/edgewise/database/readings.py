"""All readings of nodes as a log, labelled or not."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Engine, func, select

from edgewise.database import display_url
from edgewise.database.logs import as_log
from edgewise.database.schema import reading
from edgewise.errors import InputError
from edgewise.logs.log import Log

__all__ = ["read_all"]


def read_all(engine: Engine, nodes: list[str] | None = None, since_s: float | None = None) -> Log:
    """Return the readings of ``nodes`` [all] in the last ``since_s`` seconds [all].

    The time counts back from the newest of these readings. Readings without a time or with that of
    a wrong clock are left out, and of several with the same time all but the first. Raises
    InputError where there are none, or a node has none.
    """
    url, c = display_url(engine), reading.c
    wanted = [c.ts.is_not(None), c.clock.is_(None)]
    if nodes:
        wanted.append(c.node.in_(nodes))
    with engine.connect() as connection:
        newest_s = connection.execute(select(func.max(c.ts)).where(*wanted)).scalar()
        if newest_s is None:
            raise InputError(f"{url}: no readings to train on: let edgewise collect run first")
        if since_s is not None:
            wanted.append(c.ts > newest_s - since_s)
        query = select(c.node, c.ts, c.t, c.h).where(*wanted).order_by(c.node, c.ts)
        rows = [tuple(row) for row in connection.execute(query)]
    names = np.array([row[0] for row in rows], dtype=object)
    if nodes and (missing := sorted(set(nodes) - set(names.tolist()))):
        raise InputError(f"{url}: node {missing[0]} has no readings in this time: name another")
    values = np.array([row[1:] for row in rows], dtype=np.float64)
    is_new = np.diff(values[:, 0], prepend=-np.inf) > 0
    is_new[1:] |= names[1:] != names[:-1]
    time_s, t, h = values[is_new].T
    return as_log(url, names[is_new], time_s, t, h)
