"""How fast the host turns a log into features: the node's own objects in CPython."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from edgewise.bench.subject import FEATURES, FILTERS
from edgewise.features.table import build_table
from edgewise.logs.log import Log

__all__ = ["host_rate"]

_PERIOD_MS = 60_000


def host_rate(readings: int = 540_000, nodes: int = 12) -> dict[str, Any]:
    """Seconds and readings per second for a log of ``readings`` in all of ``nodes`` nodes."""
    log = _random_walks(readings // nodes, nodes)
    start = time.perf_counter()
    table = build_table(log, FEATURES, FILTERS, _PERIOD_MS)
    seconds = time.perf_counter() - start
    return {
        "readings": len(table.x),
        "nodes": nodes,
        "features": len(FEATURES),
        "seconds": seconds,
        "readings_per_s": len(table.x) / seconds,
    }


def _random_walks(each: int, nodes: int) -> Log:
    # Random walks of tenths that turn back at the ends of a room's range.
    rng = np.random.default_rng(0)
    steps = rng.integers(-1, 2, size=(2, nodes * each)).cumsum(axis=1)
    t_dc, h_pm = (50 + np.abs(steps % 600 - 300)).astype(np.int16)
    return Log(
        path="random walks",
        time_s=np.tile(np.arange(each) * (_PERIOD_MS / 1000), nodes),
        node=np.repeat(np.array([str(n) for n in range(nodes)], dtype=object), each),
        t_dc=t_dc,
        h_pm=h_pm,
        valid=np.ones(nodes * each, dtype=bool),
        label=None,
        line=np.arange(2, nodes * each + 2),
        extra={},
        label_name=None,
        period_ms=_PERIOD_MS,
    )
