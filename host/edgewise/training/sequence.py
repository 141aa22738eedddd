"""Readings in the order of their node, labelled or not: what heads with a memory learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.features.table import Filters, Table, build_table, series_slots
from edgewise.logs.log import Log
from edgewise.package.sequence import Readings

__all__ = ["Sequence", "sequence_of", "sequence_of_table"]


@dataclass(frozen=True)
class Sequence:
    """All valid readings, one node after the other.

    ``readings``: as they were measured; ``x``: int16[rows, features]; ``age``: int[rows], see
    `edgewise.features.table.Table`; ``y``: int[rows], -1 without a label; ``time_s``:
    float64[rows]; ``node``: object[rows].
    """

    readings: Readings
    x: NDArray[np.int16]
    age: NDArray[np.int64]
    y: NDArray[np.int64]
    time_s: NDArray[np.float64]
    node: NDArray[Any]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def labelled(self) -> Sequence:
        """The readings with a label."""
        return self.select(self.y >= 0)

    def select(self, rows: NDArray[Any] | slice) -> Sequence:
        """Return the rows that a mask, an index or a slice picks."""
        return Sequence(
            self.readings.select(rows),
            self.x[rows],
            self.age[rows],
            self.y[rows],
            self.time_s[rows],
            self.node[rows],
        )


def sequence_of(
    log: Log,
    features: list[str],
    filters: Filters,
    period_ms: int,
    max_delta: tuple[int, int],
    classes: list[str],
) -> Sequence:
    """Return the valid readings of a log as a node with these features sees them."""
    table = build_table(log, features, filters, period_ms, max_delta)
    return sequence_of_table(log, table, period_ms, classes)


def sequence_of_table(log: Log, table: Table, period_ms: int, classes: list[str]) -> Sequence:
    """Return the same from a table of the log that was built before."""
    slot = np.zeros(len(log), dtype=np.int64)
    for series in log.series():
        slot[series] = np.cumsum(series_slots(log.time_s[series], period_ms))
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *log.series()])
    rows = rows[table.valid[rows]]
    step = np.where(table.age[rows] == 1, 0, np.diff(slot[rows], prepend=0))
    readings = Readings(step, *(v[rows].astype(np.int64) for v in (log.t_dc, log.h_pm)))
    index = {name: i for i, name in enumerate(classes)}
    label = [None] * len(log) if log.label is None else log.label.tolist()
    y = np.array([index.get(label[row] or "", -1) for row in rows.tolist()], dtype=np.int64)
    return Sequence(readings, table.x[rows], table.age[rows], y, log.time_s[rows], log.node[rows])
