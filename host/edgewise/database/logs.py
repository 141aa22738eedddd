"""Readings of a database as a log, for functions that take a log."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.logs.cells.values import tenths
from edgewise.logs.log import Log
from edgewise.logs.order import period_of, series_of

__all__ = ["as_log"]

Floats = NDArray[np.float64]


def as_log(
    source: str,
    node: NDArray[Any],
    time_s: Floats,
    t: Floats,
    h: Floats,
    label: NDArray[Any] | None = None,
) -> Log:
    """A log of readings that are sorted within each node.

    ``source``: the log's path in error messages.
    ``t``, ``h``: float64[n] in Celsius and %RH, NaN where the read failed.
    """
    valid = ~(np.isnan(t) | np.isnan(h))
    return Log(
        path=source,
        time_s=time_s,
        node=node,
        t_dc=tenths(np.where(valid, t, 0.0)),
        h_pm=tenths(np.where(valid, h, 0.0)),
        valid=valid,
        label=label,
        line=np.arange(1, len(time_s) + 1, dtype=np.int64),
        extra={},
        label_name=None if label is None else "label",
        period_ms=period_of(time_s, series_of(node, time_s)),
    )
