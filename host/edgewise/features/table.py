"""Build the training table: push a log through the same code that runs on the node."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgenode.core import decode
from edgenode.core.pipeline import GAP_SLOTS, Pipeline, slots_between
from edgenode.core.plausible import Plausible, stuck_n
from edgewise.cluster import Each, here
from edgewise.logs.formulas import as_text
from edgewise.logs.log import Log
from edgewise.times import iso

__all__ = [
    "ANY",
    "LEAST_DELTA",
    "Filters",
    "Table",
    "build_table",
    "features_csv",
    "kind_of",
    "max_delta",
    "series_slots",
]

Filters = list[dict[str, dict[str, int]]]
# of a series: steps, t_dc, h_pm, valid
_Job = tuple[
    Pipeline, Plausible, list[int], NDArray[np.int16], NDArray[np.int16], NDArray[np.bool_]
]
ANY = (0, 0)  # no jump is too large
LEAST_DELTA = (50, 200)  # 5 C and 20 %RH: what no room does within a few readings
_RANGE = (decode.T_MAX_DC - decode.T_MIN_DC, decode.H_MAX_PM - decode.H_MIN_PM)
_PARALLEL_ROWS = 100_000  # two seconds of work; starting the processes takes one second


@dataclass(frozen=True)
class Table:
    """``x``: int16[rows, features] in hundredths; ``valid``: bool[rows], False for reads that
    failed or that the node would refuse. The features of such a row are zero. ``age``: int[rows],
    the valid readings since the windows were empty, with this one, counted to 255; 0 where there
    is none."""

    x: NDArray[np.int16]
    valid: NDArray[np.bool_]
    age: NDArray[np.int64]

    def columns(self, columns: NDArray[np.int64]) -> Table:
        """Return the same rows with only these columns."""
        return Table(self.x[:, columns], self.valid, self.age)


def series_slots(time_s: NDArray[np.float64], period_ms: int) -> list[int]:
    """Return the whole periods from the row before to each row of one node; 0 for the first."""
    steps = np.diff(time_s, prepend=time_s[:1])
    ms = np.rint(steps * 1000).astype(np.int64).tolist()
    return [0] + [slots_between(dt_ms, period_ms) for dt_ms in ms[1:]] if ms else []


def kind_of(t_dc: NDArray[np.int16], h_pm: NDArray[np.int16]) -> str:
    """Return the sensor that a series looks like.

    "dht11" if all values are whole degrees and percents, else "dht22".
    """
    return "dht22" if np.any(t_dc % 10) or np.any(h_pm % 10) else "dht11"


def build_table(
    log: Log,
    features: list[str],
    filters: Filters,
    period_ms: int,
    max_delta: tuple[int, int] = ANY,
    n_jobs: int = -1,
    each: Each | None = None,
) -> Table:
    """Push every series of the log through a fresh `edgenode.core.pipeline.Pipeline`.

    Readings that jump by more than ``max_delta`` (tenths of t and h) or are stuck are refused, as
    on the node. A large log with several series is split over ``n_jobs`` processes (joblib; -1:
    one per core), or goes to ``each``.
    """
    x = np.zeros((len(log.time_s), len(features)), dtype=np.int16)
    age = np.zeros(len(log.time_s), dtype=np.int64)
    series = log.series()
    jobs = (
        (
            Pipeline(features, filters),
            Plausible(max_delta, stuck_n(kind_of(log.t_dc[rows], log.h_pm[rows]), period_ms)),
            series_slots(log.time_s[rows], period_ms),
            log.t_dc[rows],
            log.h_pm[rows],
            log.valid[rows],
        )
        for rows in series
    )
    if each is None and n_jobs != 1 and len(series) > 1 and len(x) >= _PARALLEL_ROWS:
        from joblib import Parallel, delayed

        calls = (delayed(_push)(job) for job in jobs)
        results = Parallel(n_jobs=n_jobs, return_as="generator")(calls)
    else:
        results = (each or here)(_push, jobs)
    for rows, (series_x, series_age) in zip(series, results, strict=True):
        x[rows], age[rows] = series_x, series_age
    return Table(x, age > 0, age)


def _push(job: _Job) -> tuple[NDArray[np.int16], list[int]]:
    pipeline, plausible, steps, t_dc, h_pm, valid = job
    x = np.zeros((len(steps), len(pipeline.x)), dtype=np.int16)
    age = [0] * len(steps)
    slot = 0
    rows = zip(steps, t_dc.tolist(), h_pm.tolist(), valid.tolist(), strict=True)
    for i, (step, t, h, is_read) in enumerate(rows):
        slot += step
        if (
            is_read
            and decode.check(t, h) == decode.OK
            and plausible.check(slot, t, h) == decode.OK
        ):
            x[i] = pipeline.push(slot, t, h)
            age[i] = pipeline.age
    return x, age


def max_delta(log: Log) -> tuple[int, int]:
    """Return how much t and h, in tenths, may change between two readings.

    A larger change is a glitch. The limit is twice the largest step of the log, so that no reading
    of it is refused. It is 0 (no limit) where that reaches the whole range of the sensor, as in
    logs whose spikes are a class.
    """
    largest = np.zeros(2, dtype=np.int64)
    for rows in log.series():
        good = rows[log.valid[rows]]
        slot = np.cumsum(series_slots(log.time_s[rows], log.period_ms))[log.valid[rows]]
        is_near = np.diff(slot) <= GAP_SLOTS
        for i, values in enumerate((log.t_dc, log.h_pm)):
            steps = np.abs(np.diff(values[good].astype(np.int64)))[is_near]
            largest[i] = max(largest[i], steps.max(initial=0))
    limits = np.maximum(2 * largest, LEAST_DELTA)
    t_dc, h_pm = (int(v) if v < span else 0 for v, span in zip(limits, _RANGE, strict=True))
    return t_dc, h_pm


def features_csv(log: Log, features: list[str], table: Table) -> str:
    """Return CSV rows of time,node,class and the features in hundredths, without failed reads."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("time", "node", "class", *features))
    label = [None] * len(log) if log.label is None else log.label.tolist()
    columns = (log.time_s.tolist(), log.node.tolist(), label, table.x.tolist())
    for time_s, node, cls, x, valid in zip(*columns, table.valid.tolist(), strict=True):
        if valid:
            out.writerow((iso(time_s), as_text(node), as_text(cls or ""), *x))
    return text.getvalue()
