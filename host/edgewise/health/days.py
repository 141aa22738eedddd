"""The last days of a node, from the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from edgewise.database import display_url
from edgewise.database.logs import as_log
from edgewise.database.schema import AHEAD_S, reading
from edgewise.logs.log import Log
from edgewise.package.baseline import DAY_S, days_of

__all__ = ["DAYS", "READS_MIN", "Finding", "Recent", "recent_days"]

DAYS = 8  # that are checked
READS_MIN = 20  # of a day, to judge a sensor
_LEAD_DAYS = 1  # before them, to fill the feature windows


@dataclass(frozen=True)
class Finding:
    """The result of one check of a node for one day.

    ``day``: its beginning, unix seconds UTC. ``value``: in the unit of ``kind``. ``words``: the
    text for a bad day, before and after the words for the time, or all of it; None for a value
    without a text.
    """

    node: str
    day: float
    kind: str
    feature: str
    value: float
    bad: bool
    words: tuple[str, ...] | None


@dataclass(frozen=True)
class Recent:
    """The last days of a node.

    ``log``: n readings in the order of time. ``p_pc``: float64[n], confidence in percent, NaN
    without one. ``err``: object[n], str or None. ``days``: UTC day -> rows of ``log``.
    """

    node: str
    log: Log
    p_pc: NDArray[np.float64]
    err: NDArray[Any]
    days: dict[float, NDArray[np.int64]]


def recent_days(engine: Engine, node: str, now_s: float) -> Recent | None:
    """The last days of ``node``; None where it has no readings in them.

    Of several readings with the same time the first counts.
    """
    first_s = (now_s // DAY_S - DAYS + 1) * DAY_S
    c = reading.c
    query = (
        select(c.ts, c.t, c.h, c.p, c.err)
        .where(c.node == node, c.ts >= first_s - _LEAD_DAYS * DAY_S, c.ts <= now_s + AHEAD_S)
        .order_by(c.ts)
    )
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    if not rows:
        return None
    ts, t, h, p, err = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    ts, t, h, p = (column.astype(np.float64) for column in (ts, t, h, p))
    is_first = np.diff(ts, prepend=-np.inf) > 0
    names = np.full(int(is_first.sum()), node, dtype=object)
    log = as_log(display_url(engine), names, ts[is_first], t[is_first], h[is_first])
    days = {log.time_s[r[0]] // DAY_S * DAY_S: r for r in days_of(log.time_s, names)}
    recent = {day: r for day, r in days.items() if day >= first_s}
    return Recent(node, log, 100 * p[is_first], err[is_first], recent) if recent else None
