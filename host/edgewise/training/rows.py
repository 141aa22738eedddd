"""The labelled rows of a log, and the parts that are held out to compare candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import CLASSES_MAX, check_names
from edgewise.errors import InputError
from edgewise.features.table import Table
from edgewise.logs.log import Log
from edgewise.training.labels import check_labels
from edgewise.training.pool import WINDOWS

__all__ = ["Parts", "Rows", "classes_of", "parts_of", "rows_of", "spread_rows"]

_SEARCH_ROWS = 12_000
_FOLDS = 5
_BLOCKS = 4  # of each part; they show how much the quality varies


@dataclass(frozen=True)
class Rows:
    """``x``: int16[rows, len(POOL)], ``y``: int64[rows], ``time_s``: float64[rows], ``node``:
    object[rows]."""

    x: NDArray[np.int16]
    y: NDArray[np.int64]
    time_s: NDArray[np.float64]
    node: NDArray[Any]

    def select(self, rows: NDArray[Any]) -> Rows:
        """Return the rows that a mask or an index picks."""
        return Rows(self.x[rows], self.y[rows], self.time_s[rows], self.node[rows])


def classes_of(fit: Log, test: Log) -> list[str]:
    """Return the sorted classes of the training part; InputError where they cannot be learned."""
    if fit.label is None:
        raise InputError(f"{fit.path}: no label column: name it with --label")
    known = sorted({v for v in fit.label[fit.valid] if v is not None})
    if len(known) < 2:
        fault = f"only the class {known[0]!r}" if known else "no valid reading with a label"
        raise InputError(
            f"{fit.path}: {fault} in the training part: a model needs readings of two classes"
        )
    check_labels(f"{fit.path}: column {fit.label_name}", known)
    if len(known) > CLASSES_MAX:
        raise InputError(
            f"{fit.path}: {len(known)} classes in column {fit.label_name}, {CLASSES_MAX} are the "
            "most: is it a class column? name another with --label"
        )
    try:
        check_names(known, "classes", CLASSES_MAX)
    except ValueError as e:
        raise InputError(f"{fit.path}: column {fit.label_name}: {e}: rename the class") from e
    if test.label is not None:
        new = sorted({v for v in test.label[test.valid] if v is not None} - set(known))
        if new:
            raise InputError(
                f"{test.path}: class {new[0]!r} is only in the test part: "
                "move some of its rows to the training part"
            )
    return known


def rows_of(log: Log, table: Table, classes: list[str]) -> Rows:
    """Return every valid, labelled reading of the log; ``table``: its features of the pool."""
    if log.label is None:
        is_labelled = np.zeros(len(log.node), dtype=bool)
        y = np.zeros(0, dtype=np.int64)
    else:
        is_labelled = table.valid & np.array([v is not None for v in log.label], dtype=bool)
        index = {name: i for i, name in enumerate(classes)}
        y = np.array([index[v] for v in log.label[is_labelled]], dtype=np.int64)
    return Rows(table.x[is_labelled], y, log.time_s[is_labelled], log.node[is_labelled])


def spread_rows(n: int) -> NDArray[np.int64]:
    """Return which of ``n`` rows candidates are compared on: 12,000, evenly spread.

    What is chosen is fitted on all rows.
    """
    return np.unique(np.linspace(0, n - 1, min(n, _SEARCH_ROWS)).astype(np.int64))


@dataclass(frozen=True)
class Parts:
    """``folds``: pairs of bool[rows], the rows to fit on, and int[rows], the rows held out;
    ``block``: int[rows], the block of time of each row; ``text``: describes the parts for people.
    """

    folds: list[tuple[NDArray[np.bool_], NDArray[np.int64]]]
    block: NDArray[np.int64]
    text: str


def parts_of(rows: Rows) -> Parts:
    """Return parts of whole nodes if there are several nodes, otherwise blocks of time.

    Rows within the longest window of a block of time are not fitted on, so that no window has
    rows of both.
    """
    y, n = rows.y, len(rows.y)
    nodes = np.unique(rows.node)
    if len(nodes) > 1:
        groups = [nodes[i::_FOLDS] for i in range(min(_FOLDS, len(nodes)))]
        test_parts = [np.flatnonzero(np.isin(rows.node, group)) for group in groups]
        margin = 0
        text = f"{len(nodes)} whole nodes in {len(groups)} parts"
    else:
        test_parts = np.array_split(np.arange(n), _FOLDS)
        margin = min(max(WINDOWS), n // (4 * _FOLDS))
        text = f"{_FOLDS} blocks of time, {margin} readings apart"
    folds = []
    block = np.full(n, -1)
    for part in test_parts:
        fit = np.ones(n, dtype=bool)
        fit[part] = False
        if margin and len(part):
            fit[max(0, part[0] - margin) : part[-1] + 1 + margin] = False
        if len(part) and len(np.unique(y[fit])) >= 2:
            for piece in np.array_split(part, _BLOCKS):
                block[piece] = block.max() + 1
            folds.append((fit, part))
    return Parts(folds, block, text)
