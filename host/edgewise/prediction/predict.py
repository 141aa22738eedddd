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
from edgewise.cluster import Each
from edgewise.errors import OutsideError
from edgewise.features.table import Table, build_table, kind_of
from edgewise.logs.formulas import as_text
from edgewise.logs.log import Log
from edgewise.logs.writing import write_atomic
from edgewise.package.heads import Decisions, decide, decide_votes
from edgewise.package.store import Package
from edgewise.prediction.runtimes import run_c_votes
from edgewise.simulator.feed import write_feed
from edgewise.toolchain import micropython

__all__ = [
    "Predictions",
    "features_of",
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
    confidence in percent; ``sure``: bool[rows], False where the node says no class; ``u``:
    int[rows], how unusual in percent of a limit, -1 where that is not known."""

    cls: NDArray[np.int64]
    p_pc: NDArray[np.int64]
    sure: NDArray[np.bool_]
    u: NDArray[np.int64]

    @classmethod
    def empty(cls, n: int) -> Predictions:
        """Return ``n`` failed reads."""
        p_pc = np.zeros(n, dtype=np.int64)
        return cls(np.full(n, -1), p_pc, np.zeros(n, dtype=bool), np.full(n, -1))

    @property
    def answers(self) -> NDArray[np.int64]:
        """int[rows]: the class that the node says, -1 where it says none."""
        return np.where(self.sure, self.cls, -1)


def predict_log(package: Package, log: Log) -> Predictions:
    """Return the predictions of pipeline and model on CPython."""
    return predict_table(package, log, features_of(package, log))


def predict_table(package: Package, log: Log, table: Table) -> Predictions:
    """Return the predictions of the model on CPython for ``table``, its features of a log."""
    rows = _readings(log, table)
    return _spread(
        len(log), rows, decide(package.blob, table.x[rows], table.age[rows], log.node[rows])
    )


def predict_c(package: Package, log: Log, table: Table | None = None) -> Predictions:
    """Return the predictions of pipeline and heads on CPython with the votes of model.h in C.

    ``table``: the features of ``log``, where they are made already.
    """
    table = features_of(package, log) if table is None else table
    rows = _readings(log, table)
    n, total = len(package.classes), package.forest.total
    _, votes = run_c_votes(package.header(), table.x[rows], n, total)
    decisions = decide_votes(package.blob, votes, table.x[rows], table.age[rows], log.node[rows])
    return _spread(len(log), rows, decisions)


def features_of(package: Package, log: Log, each: Each | None = None) -> Table:
    """Return the features of ``log`` that ``package`` uses, from the pipeline on CPython.

    ``each``: what does the work of the nodes.
    """
    return build_table(
        log, package.features, package.filters, package.period_ms, package.max_delta, each=each
    )


def _readings(log: Log, table: Table) -> NDArray[np.int64]:
    # Returns the valid rows, one node after the other: some heads have a memory.
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *log.series()])
    return np.asarray(rows[table.valid[rows]])


def _spread(n: int, rows: NDArray[np.int64], decisions: Decisions) -> Predictions:
    all_rows = Predictions.empty(n)
    all_rows.cls[rows], all_rows.p_pc[rows] = decisions.cls, decisions.p_pc
    all_rows.sure[rows], all_rows.u[rows] = decisions.sure, decisions.u
    return all_rows


def predict_micropython(package: Package, log: Log) -> Predictions:
    """Return the predictions of pipeline and model in the MicroPython unix port.

    The model runs in the form of the package.
    """
    found = Predictions.empty(len(log))
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
            numbers = np.array([line.split() for line in lines], dtype=np.int64)
            found.cls[rows], found.p_pc[rows] = numbers[:, 0], numbers[:, 1]
            found.sure[rows], found.u[rows] = numbers[:, 2] == 1, numbers[:, 3]
    return found


def write_predictions(
    package: Package, log: Log, predictions: Predictions, out: Path | None = None
) -> None:
    """Write rows of time,node,class,confidence to ``out`` or to standard output.

    With a detector each row has ``unusual`` as well: the largest value as a multiple of its limit.
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
    has_u = "detector" in package.heads
    rows.writerow(["time", "node", "class", "confidence", *(["unusual"] if has_u else [])])
    is_whole = bool((log.time_s % 1 == 0).all())
    stamps = np.rint(log.time_s * 1000).astype("datetime64[ms]")
    times = np.datetime_as_string(stamps, unit="s" if is_whole else "ms", timezone="UTC")
    columns = (times, log.node, predictions.answers, predictions.p_pc, predictions.u)
    for time, node, cls, p_pc, u in zip(*columns, strict=True):
        is_valid = cls >= 0
        rows.writerow(
            [
                time,
                as_text(node),
                as_text(package.classes[cls]) if is_valid else "",
                f"{p_pc / 100:.2f}" if is_valid else "",
                *([f"{u / 100:.2f}" if u >= 0 else ""] if has_u else []),
            ]
        )
