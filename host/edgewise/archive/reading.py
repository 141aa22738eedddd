"""The readings of an archive through DuckDB: only the months that a question needs are fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.archive.archive import Archive, Parts
from edgewise.archive.arrow import Table
from edgewise.archive.months import end_of, month_of, start_of
from edgewise.database.readings import Period
from edgewise.database.schema import AHEAD_S

__all__ = ["ArchiveReadings"]

# The same as the queries of the database.
_VALUES = """
SELECT ts, t, h FROM readings
WHERE ts >= $first_s AND ts < $end_s AND ($any_clock OR clock IS NULL)
ORDER BY ts, boot, seq
"""
_NEWEST = "SELECT max(ts) FROM readings WHERE clock IS NULL"
_GOOD = f"ts <= received_at + {AHEAD_S} AND err IS NULL"
_NEWEST_GOOD = f"SELECT max(ts) FROM readings WHERE {_GOOD}"
_GOOD_VALUES = (
    f"SELECT ts, t, h FROM readings WHERE {_GOOD} AND ts >= $first_s ORDER BY ts, boot, seq"
)


class ArchiveReadings:
    """The readings of an archive; see `edgewise.database.readings.Readings`.

    ``nodes``: the only ones that are looked for [all].
    """

    def __init__(self, archive: Archive, nodes: Sequence[str] | None = None) -> None:
        self._archive, self._nodes = archive, nodes
        self.url = archive.url

    @cached_property
    def _parts(self) -> Parts:
        if self._nodes is None or len(self._nodes) > 1:
            return self._archive.parts()
        return self._archive.parts(self._nodes[0])

    @cached_property
    def _duckdb(self) -> Any:
        import duckdb

        # it never looks for extensions on the network
        return duckdb.connect(config={"autoinstall_known_extensions": "false"})

    def nodes(self) -> list[str]:
        """The names of the nodes that have readings, sorted."""
        return list(self._parts)

    def newest_s(self, nodes: list[str] | None) -> float | None:
        """The time of the newest reading of ``nodes`` [all] that has one of a right clock."""
        times = [self._newest_s(node, _NEWEST) for node in nodes or self.nodes()]
        return max((time_s for time_s in times if time_s is not None), default=None)

    def values(
        self, node: str, first_s: float, end_s: float, any_clock: bool
    ) -> NDArray[np.float64]:
        """As `Readings.values`."""
        rows = self._rows(node, first_s, end_s)
        options = {"first_s": first_s, "end_s": end_s, "any_clock": any_clock}
        values = _matrix(self._ask(_VALUES, rows, **options))
        return values[np.diff(values[:, 0], prepend=-np.inf) > 0]

    def labels(self, nodes: list[str] | None) -> dict[str, list[Period]]:
        """The labelled periods of ``nodes`` [all], the oldest label first."""
        return {
            node: [Period(row["from_ts"], row["to_ts"], row["cls"]) for row in rows.to_pylist()]
            for node, rows in self._archive.labels(nodes).items()
        }

    def good_values(self, node: str, span_s: float) -> NDArray[np.float64]:
        """float64[n, 3]: ts, t, h of a node's good readings in its last ``span_s`` seconds."""
        newest_s = self._newest_s(node, _NEWEST_GOOD)
        if newest_s is None:
            return np.empty((0, 3))
        first_s = newest_s - span_s
        rows = self._rows(node, first_s, math.inf)
        return _matrix(self._ask(_GOOD_VALUES, rows, first_s=first_s))

    def _newest_s(self, node: str, query: str) -> float | None:
        for month in reversed(self._parts.get(node, {})):
            rows = self._rows(node, start_of(month), end_of(month))
            ((time_s,),) = self._ask(query, rows).fetchall()
            if time_s is not None:
                return float(time_s)
        return None

    def _rows(self, node: str, first_s: float, end_s: float) -> Table:
        months = self._parts.get(node, {})
        first = "" if first_s == -math.inf else month_of(first_s)
        last = "~" if end_s == math.inf else month_of(end_s)
        wanted = {m: digests for m, digests in months.items() if first <= m <= last}
        return self._archive.read(node, wanted)

    def _ask(self, query: str, rows: Table, **values: Any) -> Any:
        self._duckdb.register("readings", rows)
        return self._duckdb.execute(query, values)


def _matrix(result: Any) -> NDArray[np.float64]:
    # float64[n, 3] with NaN for NULL
    columns = result.fetchnumpy()
    parts = [np.ma.filled(columns[name].astype(np.float64), np.nan) for name in ("ts", "t", "h")]
    return np.stack(parts, axis=1)
