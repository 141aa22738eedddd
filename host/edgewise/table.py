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
_PARALLEL_ROWS = 100_000  # two seconds of work; to start the processes takes one


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


def build_table(
    log: Log, features: list[str], filters: Filters, period_ms: int, n_jobs: int = -1
) -> Table:
    """Push every series of the log through a fresh `edgenode.core.pipeline.Pipeline`.

    A large log of several series goes through ``n_jobs`` processes (joblib; -1: one a core).
    """
    from joblib import Parallel, delayed

    x = np.zeros((len(log.time_s), len(features)), dtype=np.int16)
    valid = np.zeros(len(log.time_s), dtype=bool)
    series = log.series()
    jobs = (
        delayed(_push)(
            Pipeline(features, filters),
            series_slots(log.time_s[rows], period_ms),
            log.t_dc[rows],
            log.h_pm[rows],
            log.valid[rows],
        )
        for rows in series
    )
    n_jobs = n_jobs if len(series) > 1 and len(x) >= _PARALLEL_ROWS else 1
    done = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    for rows, (out, good) in zip(series, done, strict=True):
        x[rows], valid[rows] = out, good
    return Table(x, valid)


def _push(
    pipeline: Pipeline,
    steps: list[int],
    t_dc: NDArray[np.int16],
    h_pm: NDArray[np.int16],
    valid: NDArray[np.bool_],
) -> tuple[NDArray[np.int16], list[bool]]:
    x = np.zeros((len(steps), len(pipeline.x)), dtype=np.int16)
    good: list[bool] = valid.tolist()
    slot = 0
    for i, (step, t, h) in enumerate(zip(steps, t_dc.tolist(), h_pm.tolist(), strict=True)):
        slot += step
        good[i] = good[i] and decode.check(t, h) == decode.OK
        if good[i]:
            x[i] = pipeline.push(slot, t, h)
    return x, good
