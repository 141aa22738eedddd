"""The training table: a log pushed through the very objects that run on the node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgenode.core import decode
from edgenode.core.pipeline import Pipeline, slots_between
from edgewise.logcsv import Log

__all__ = ["Filters", "Table", "build_table", "series_slots"]

Filters = list[dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Table:
    """``x``: int16[rows, features] in hundredths; ``valid``: bool[rows], False for reads that
    failed or that the node would refuse, whose features are zero."""

    x: NDArray[np.int16]
    valid: NDArray[np.bool_]


def series_slots(time_s: NDArray[np.float64], period_ms: int) -> list[int]:
    """Whole periods from each row of one node to the one before; 0 for the first."""
    steps = np.diff(time_s, prepend=time_s[:1])
    ms = np.rint(steps * 1000).astype(np.int64).tolist()
    return [0] + [slots_between(dt_ms, period_ms) for dt_ms in ms[1:]] if ms else []


def build_table(log: Log, features: list[str], filters: Filters, period_ms: int) -> Table:
    """Push every series of the log through a fresh `edgenode.core.pipeline.Pipeline`."""
    x = np.zeros((len(log.time_s), len(features)), dtype=np.int16)
    valid = np.zeros(len(log.time_s), dtype=bool)
    for rows in log.series():
        pipeline = Pipeline(features, filters)
        slot = 0
        steps = series_slots(log.time_s[rows], period_ms)
        t_dc, h_pm = log.t_dc[rows].tolist(), log.h_pm[rows].tolist()
        out = np.zeros((len(rows), len(features)), dtype=np.int16)
        good = log.valid[rows].tolist()
        for i, step in enumerate(steps):
            slot += step
            good[i] = good[i] and decode.check(t_dc[i], h_pm[i]) == decode.OK
            if good[i]:
                out[i] = pipeline.push(slot, t_dc[i], h_pm[i])
        x[rows], valid[rows] = out, good
    return Table(x, valid)
