"""Readings of nodes, in order of time, and all of them as a log, labelled or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, func, select

from edgewise.database import display_url
from edgewise.database.logs import as_log
from edgewise.database.schema import label, reading
from edgewise.errors import InputError
from edgewise.logs.log import Log

__all__ = ["DatabaseReadings", "Period", "Readings", "read_all", "values_of"]


@dataclass(frozen=True)
class Period:
    """A labelled period of a node, ``from_ts <= ts < to_ts``."""

    from_ts: float
    to_ts: float
    cls: str


class Readings(Protocol):
    """Where the readings of nodes are: a database, or an archive."""

    @property
    def url(self) -> str:
        """The address for people."""

    def nodes(self) -> list[str]:
        """The names of the nodes that have readings, sorted."""

    def newest_s(self, nodes: list[str] | None) -> float | None:
        """The time of the newest reading of ``nodes`` [all] that has one of a right clock."""

    def values(
        self, node: str, first_s: float, end_s: float, any_clock: bool
    ) -> NDArray[np.float64]:
        """float64[n, 3]: ts, t, h of the node's readings ``first_s <= ts < end_s``.

        They are in order of time; of several with the same time all but the first are left out. t
        and h are NaN where the read failed. ``any_clock``: also those with a wrong time.
        """

    def labels(self, nodes: list[str] | None) -> dict[str, list[Period]]:
        """The labelled periods of ``nodes`` [all], the oldest label first."""


class DatabaseReadings:
    """The readings of a database; see `Readings`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.url = display_url(engine)

    def nodes(self) -> list[str]:
        query = select(reading.c.node).distinct().order_by(reading.c.node)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def newest_s(self, nodes: list[str] | None) -> float | None:
        c = reading.c
        query = select(func.max(c.ts)).where(c.ts.is_not(None), c.clock.is_(None))
        if nodes:
            query = query.where(c.node.in_(nodes))
        with self._engine.connect() as connection:
            newest_s: float | None = connection.scalar(query)
        return newest_s

    def values(
        self, node: str, first_s: float, end_s: float, any_clock: bool
    ) -> NDArray[np.float64]:
        c = reading.c
        clock = () if any_clock else (c.clock.is_(None),)
        return values_of(self._engine, node, c.ts >= first_s, c.ts < end_s, *clock)

    def labels(self, nodes: list[str] | None) -> dict[str, list[Period]]:
        c = label.c
        query = select(c.node, c.from_ts, c.to_ts, c.cls).order_by(c.node, c.created_at, c.from_ts)
        if nodes:
            query = query.where(c.node.in_(nodes))
        periods: dict[str, list[Period]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                periods.setdefault(row.node, []).append(Period(*row[1:]))
        return periods


def values_of(engine: Engine, node: str, *conditions: ColumnElement[bool]) -> NDArray[np.float64]:
    """Return float64[n, 3]: ts, t, h of the node's readings that meet ``conditions``.

    They are in order of time; of several with the same time all but the first are left out.
    ``conditions`` leave out readings without a time. t and h are NaN where the read failed.
    """
    c = reading.c
    query = select(c.ts, c.t, c.h).where(c.node == node, *conditions).order_by(c.ts, c.boot, c.seq)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    values = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return values[np.diff(values[:, 0], prepend=-np.inf) > 0]


def read_all(
    readings: Readings, nodes: list[str] | None = None, since_s: float | None = None
) -> Log:
    """Return the readings of ``nodes`` [all] in the last ``since_s`` seconds [all].

    The time counts back from the newest of these readings. Readings without a time or with that of
    a wrong clock are left out, and of several with the same time all but the first. Raises
    InputError where there are none, or a node has none.
    """
    url, first_s = readings.url, -math.inf
    if since_s is not None and (newest_s := readings.newest_s(nodes)) is not None:
        first_s = math.nextafter(newest_s - since_s, math.inf)
    parts = {
        name: values
        for name in readings.nodes()
        if not nodes or name in nodes
        if len(values := readings.values(name, first_s, math.inf, any_clock=False))
    }
    if not parts:
        raise InputError(f"{url}: no readings to train on: let edgewise collect run first")
    if nodes and (missing := sorted(set(nodes) - set(parts))):
        raise InputError(f"{url}: node {missing[0]} has no readings in this time: name another")
    node = np.repeat(np.array(list(parts), dtype=object), [len(part) for part in parts.values()])
    return as_log(url, node, *np.concatenate(list(parts.values())).T)
