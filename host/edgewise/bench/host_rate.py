"""Measure how fast the host turns a log into features, with the code of the node in CPython."""

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
    """Return seconds and readings per second for a log of ``nodes`` nodes.

    ``readings``: the readings of all nodes together.
    """
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


def _random_walks(length: int, nodes: int) -> Log:
    # Random walks in tenths. They turn back at the ends of the range of a room.
    rng = np.random.default_rng(0)
    steps = rng.integers(-1, 2, size=(2, nodes * length)).cumsum(axis=1)
    t_dc, h_pm = (50 + np.abs(steps % 600 - 300)).astype(np.int16)
    return Log(
        path="random walks",
        time_s=np.tile(np.arange(length) * (_PERIOD_MS / 1000), nodes),
        node=np.repeat(np.array([str(n) for n in range(nodes)], dtype=object), length),
        t_dc=t_dc,
        h_pm=h_pm,
        valid=np.ones(nodes * length, dtype=bool),
        label=None,
        line=np.arange(2, nodes * length + 2),
        extra={},
        label_name=None,
        period_ms=_PERIOD_MS,
    )
