"""Runs of a class: readings of one node, one after the other, with the same label."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edgenode.core.pipeline import GAP_SLOTS
from edgewise.features.table import series_slots
from edgewise.logs.log import Log

__all__ = ["describe_hidden_runs"]

# So many runs of a single reading, and such a share of the runs of a class, are no slips of a
# person who labelled. Intel's faults: 292 of 1,043 runs; UCI's occupancy: 3 of 21.
_RUNS_MIN = 20
_SHARE_MIN = 0.25


def describe_hidden_runs(log: Log) -> str:
    """Return which class often lasts a single reading between others, which a median of three
    hides; "" where none does."""
    runs: Counter[str] = Counter()
    single: Counter[str] = Counter()
    if log.label is None:
        return ""
    for rows in log.series():
        known = rows[log.valid[rows] & np.array([v is not None for v in log.label[rows]])]
        label = log.label[known]
        is_near = np.array(series_slots(log.time_s[known], log.period_ms)[1:]) <= GAP_SLOTS
        is_change = np.array(label[1:] != label[:-1], dtype=bool)
        edges = np.flatnonzero(np.concatenate([[True], is_change | ~is_near]))[: len(known)]
        runs.update(label[edges].tolist())
        between = is_change & is_near
        single.update(label[1:-1][between[:-1] & between[1:]].tolist())
    for name in sorted(runs):
        n, n_all = single[name], runs[name]
        if n >= _RUNS_MIN and n >= _SHARE_MIN * n_all:
            return f"{n} of {n_all} times {name} lasts a single reading, which a median hides"
    return ""
