"""Predict the class of each row of a log with the code of the node."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from edgewise import paths
from edgewise.errors import OutsideError
from edgewise.features.table import Table, build_table, kind_of
from edgewise.logs.formulas import as_text
from edgewise.logs.log import Log
from edgewise.logs.writing import write_atomic
from edgewise.package.store import Package
from edgewise.prediction.runtimes import run_c
from edgewise.simulator.feed import write_feed
from edgewise.toolchain import micropython

__all__ = [
    "Predictions",
    "predict_c",
    "predict_log",
    "predict_micropython",
    "predict_table",
    "write_predictions",
]

_TIMEOUT_S = 600


@dataclass(frozen=True)
class Predictions:
    """``cls``: int[rows], index into the classes, -1 for a failed read; ``p_pc``: int[rows],
    percent of the votes."""

    cls: NDArray[np.int64]
    p_pc: NDArray[np.int64]


def predict_log(package: Package, log: Log) -> Predictions:
    """Return the predictions of pipeline and model on CPython."""
    table = build_table(
        log, package.features, package.filters, package.period_ms, package.max_delta
    )
    return predict_table(package, table)


def predict_table(package: Package, table: Table) -> Predictions:
    """Return the predictions of the model on CPython for a table of features."""
    model = package.model()
    cls = np.full(len(table.x), -1)
    p_pc = np.zeros(len(table.x), dtype=np.int64)
    for i, (x, valid) in enumerate(zip(table.x.tolist(), table.valid.tolist(), strict=True)):
        if valid:
            cls[i] = model.predict(x)
            p_pc[i] = model.p_pc
    return Predictions(cls, p_pc)


def predict_c(package: Package, log: Log) -> Predictions:
    """Return the predictions of the pipeline on CPython and of model.h in C."""
    table = build_table(
        log, package.features, package.filters, package.period_ms, package.max_delta
    )
    cls = np.full(len(table.x), -1)
    p_pc = np.zeros(len(table.x), dtype=np.int64)
    rows = table.x[table.valid]
    answers = run_c(package.header(), rows, len(package.classes), package.forest.total)
    cls[table.valid], p_pc[table.valid] = answers[:, 0], answers[:, 1]
    return Predictions(cls, p_pc)


def predict_micropython(package: Package, log: Log) -> Predictions:
    """Return the predictions of pipeline and model in the MicroPython unix port.

    The model runs in the form of the package.
    """
    cls = np.full(len(log.time_s), -1)
    p_pc = np.zeros(len(log.time_s), dtype=np.int64)
    board = paths.simulator_dir()
    with tempfile.TemporaryDirectory(prefix="edgewise-predict-") as folder:
        (Path(folder) / "model.bin").write_bytes(package.blob)
        if (code := package.code) is not None:
            (Path(folder) / "model.py").write_text(code)
        for rows in log.series():
            series = log.select(rows)
            write_feed(series, Path(folder) / "feed.bin", package.period_ms, seed=0)
            script = [str(board / "predict_rows.py"), kind_of(series.t_dc, series.h_pm)]
            process = subprocess.run(
                [*micropython.command(), *script],
                env={"MICROPYPATH": ":".join([".", *map(str, paths.node_dirs()), ".frozen"])},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
            )
            lines = process.stdout.splitlines()
            if process.returncode or len(lines) != len(rows):
                last_line = (process.stderr.splitlines() or ["it said nothing"])[-1]
                raise OutsideError(f"MicroPython failed ({last_line}): run edgewise doctor")
            pairs = np.array([line.split() for line in lines], dtype=np.int64)
            cls[rows], p_pc[rows] = pairs[:, 0], pairs[:, 1]
    return Predictions(cls, p_pc)


def write_predictions(
    package: Package, log: Log, predictions: Predictions, out: Path | None = None
) -> None:
    """Write rows of time,node,class,confidence to ``out`` or to standard output.

    ``out`` is written whole or not at all.
    """
    if out is None:
        _write_rows(sys.stdout, package, log, predictions)
        return
    text = io.StringIO(newline="")
    _write_rows(text, package, log, predictions)
    write_atomic(out, text.getvalue().encode())


def _write_rows(stream: TextIO, package: Package, log: Log, predictions: Predictions) -> None:
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["time", "node", "class", "confidence"])
    is_whole = bool((log.time_s % 1 == 0).all())
    stamps = np.rint(log.time_s * 1000).astype("datetime64[ms]")
    times = np.datetime_as_string(stamps, unit="s" if is_whole else "ms", timezone="UTC")
    for time, node, cls, p_pc in zip(
        times, log.node, predictions.cls, predictions.p_pc, strict=True
    ):
        is_valid = cls >= 0
        rows.writerow(
            [
                time,
                as_text(node),
                as_text(package.classes[cls]) if is_valid else "",
                f"{p_pc / 100:.2f}" if is_valid else "",
            ]
        )
