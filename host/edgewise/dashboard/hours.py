"""A cache of hourly buckets: reading a year from the database is slower than drawing it."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from edgewise.database.schema import HOUR_S

__all__ = ["Hours", "buckets"]

_DAY_S = 86400
_NODES_MAX = 8
# One pass over the index (node, ts). PostgreSQL's CAST rounds, SQLite's truncates; rounding only
# moves the buckets by half of their width. Old readings come from reading_hour.
_BUCKETS = text(
    "SELECT CAST((ts - :first) / :width AS INTEGER) AS b, cls, COUNT(*), MIN(ts), MAX(ts), "
    "MIN(t), MAX(t), MIN(h), MAX(h), SUM(late) "
    "FROM reading WHERE node = :node AND ts >= :since AND ts <= :last GROUP BY b, cls UNION ALL "
    "SELECT CAST((hour_ts - :first) / :width AS INTEGER) AS b, cls, SUM(n), MIN(hour_ts), "
    "MAX(hour_ts) + 3599, MIN(t_min), MAX(t_max), MIN(h_min), MAX(h_max), 0 FROM reading_hour "
    "WHERE node = :node AND hour_ts >= :hours AND hour_ts <= :last GROUP BY b, cls ORDER BY b"
)
_COUNT = text("SELECT COUNT(*) FROM reading WHERE node = :node AND ts < :until")

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class _Past:
    # All buckets before ``until`` [unix seconds], made from ``n`` readings.
    until: float
    n: int
    rows: Rows


class Hours:
    """Hourly buckets of up to eight nodes; thread-safe.

    A node is read again after a day, or when the number of its past readings has changed.
    """

    def __init__(self) -> None:
        self._cache: dict[str, _Past] = {}
        self._lock = threading.Lock()

    def rows(
        self, connection: Connection, node: str, first_s: float, last_s: float, width_s: float
    ) -> Rows:
        """The same rows as `buckets`, for buckets of an hour or more."""
        past = self._current_past(connection, node)
        in_span = (r for r in past.rows if r[4] >= first_s and r[3] <= last_s)
        rows = [(int((r[3] - first_s) / width_s), *r[1:]) for r in in_span]
        if last_s >= past.until:
            rows += buckets(connection, node, first_s, last_s, width_s, past.until)
        return sorted(rows, key=lambda row: row[0])

    def _current_past(self, connection: Connection, node: str) -> _Past:
        now = time.time()
        with self._lock:
            past = self._cache.pop(node, None)
            if (
                past is None
                or now - past.until > _DAY_S
                or past.n != _count(connection, node, past)
            ):
                past = _build_past(connection, node, now // HOUR_S * HOUR_S)
            self._cache[node] = past
            if len(self._cache) > _NODES_MAX:
                del self._cache[next(iter(self._cache))]
            return past


def _build_past(connection: Connection, node: str, until: float) -> _Past:
    n = _count(connection, node, _Past(until, 0, []))
    return _Past(until, n, buckets(connection, node, 0.0, math.nextafter(until, 0.0), HOUR_S))


def _count(connection: Connection, node: str, past: _Past) -> int:
    return int(connection.execute(_COUNT, {"node": node, "until": past.until}).scalar_one())


def buckets(
    connection: Connection,
    node: str,
    first_s: float,
    last_s: float,
    width_s: float,
    since_s: float | None = None,
) -> Rows:
    """One row for each bucket and class between two times [from ``since_s`` on].

    A row: bucket, class, count, first and last time, minimum and maximum of t, minimum and maximum
    of h, count of late readings.
    """
    parameters = {"node": node, "first": first_s, "last": last_s, "width": width_s}
    parameters |= {"since": first_s, "hours": first_s - HOUR_S + 1}
    if since_s is not None and since_s > first_s:
        parameters |= {"since": since_s, "hours": since_s}
    return [tuple(row) for row in connection.execute(_BUCKETS, parameters)]
