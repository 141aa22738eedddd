"""The classes that a package gives to a log, row for row, by the node's own code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.logcsv import Log
from edgewise.package import Package
from edgewise.table import Table, build_table

__all__ = ["Predictions", "predict_log", "predict_table"]


@dataclass(frozen=True)
class Predictions:
    """``cls``: int[rows], index into the classes, -1 for a failed read; ``p_pc``: int[rows],
    percent of the votes."""

    cls: NDArray[np.int64]
    p_pc: NDArray[np.int64]


def predict_log(package: Package, log: Log) -> Predictions:
    """Run the log through pipeline and model on CPython."""
    table = build_table(log, package.features, package.filters, package.period_ms)
    return predict_table(package, table)


def predict_table(package: Package, table: Table) -> Predictions:
    """Run ready features through the model on CPython."""
    model = package.model()
    cls = np.full(len(table.x), -1)
    p_pc = np.zeros(len(table.x), dtype=np.int64)
    for i, (x, valid) in enumerate(zip(table.x.tolist(), table.valid.tolist(), strict=True)):
        if valid:
            cls[i] = model.predict(x)
            p_pc[i] = model.p_pc
    return Predictions(cls, p_pc)
