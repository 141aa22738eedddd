"""What a training shows, as plain JSON: the page can be drawn again without the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.decide import Confirm
from edgewise.report.energy import NEED, OF
from edgewise.report.intervals import blocks_of, scores_with_intervals
from edgewise.training.result import Trained, score

__all__ = ["evidence"]

_SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
_COLUMNS = 720
_NODES = 4  # drawn in the timeline
_BINS = 10


def evidence(trained: Trained) -> dict[str, Any]:
    """Everything that report.html shows beside model.json, finite numbers only."""
    y = trained.y_test
    n = len(trained.classes)
    share = _shares_of_votes(trained)
    said = share.argmax(axis=1) if len(y) else np.zeros(0, dtype=np.int64)
    block, block_s = blocks_of(trained.time_test_s, trained.node_test)
    confusions = np.zeros((int(block.max(initial=-1)) + 1, n, n), dtype=np.int64)
    np.add.at(confusions, (block, y, said), 1)
    return {
        "data": {
            "train": _part(trained.time_train_s, trained.node_train, trained.y_train, n),
            "test": _part(trained.time_test_s, trained.node_test, y, n),
        },
        "validation": trained.validation,
        "levels": vars(trained.levels),
        "seed": trained.seed,
        "blocks": len(confusions),
        "block_s": block_s,
        "confusion": confusions.sum(axis=0).tolist(),
        "scores": scores_with_intervals(confusions, trained.seed) if len(y) else {},
        "learning_curve": _learning_curve(trained) if len(y) else [],
        "candidates": [
            {**vars(c), "recipe": f"{c.recipe.kind}, {c.recipe.trees} trees"}
            for c in trained.candidates
        ],
        "calibration": _calibration(share.max(axis=1), said == y) if len(y) else [],
        "timeline": _timeline(trained, said) if len(y) else [],
        "changes_a_day": _changes_a_day(trained, said) if len(y) else None,
        "ranges": _ranges(trained),
    }


def _shares_of_votes(trained: Trained) -> NDArray[np.float64]:
    if not len(trained.y_test):
        return np.zeros((0, len(trained.classes)))
    return np.asarray(trained.estimator.predict_proba(trained.x_test))


def _part(
    time_s: NDArray[np.float64], node: NDArray[Any], y: NDArray[np.int64], n: int
) -> dict[str, Any]:
    return {
        "rows": len(y),
        "nodes": len(np.unique(node.astype(str))),
        "first_s": float(time_s.min()) if len(y) else None,
        "last_s": float(time_s.max()) if len(y) else None,
        "classes": np.bincount(y, minlength=n).tolist(),
    }


def _learning_curve(trained: Trained) -> list[dict[str, float]]:
    # The same recipe on the first tenth, fifth ... of the training rows.
    points = []
    for part in _SHARES:
        rows = int(len(trained.y_train) * part)
        y = trained.y_train[:rows]
        if len(np.unique(y)) < len(trained.classes):
            continue
        fitted = trained.recipe.estimator(y, trained.seed).fit(trained.x_train[:rows], y)
        got = score(trained.y_test, fitted.predict(trained.x_test))
        points.append(
            {"rows": rows, "balanced_accuracy": got.balanced_accuracy, "macro_f1": got.macro_f1}
        )
    return points


def _calibration(share: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, float]]:
    which = np.minimum((share * _BINS).astype(int), _BINS - 1)
    return [
        {
            "rows": int(here.sum()),
            "confidence": float(share[here].mean()),
            "right": float(right[here].mean()),
        }
        for here in (which == i for i in range(_BINS))
        if here.any()
    ]


def _timeline(trained: Trained, said: NDArray[np.int64]) -> list[dict[str, Any]]:
    # For each node, columns of neighbouring readings: most frequent class, as labelled and as
    # said, and the share of errors.
    lines = []
    for node in np.unique(trained.node_test.astype(str))[:_NODES]:
        rows = np.flatnonzero(trained.node_test.astype(str) == node)
        columns = np.array_split(rows, min(_COLUMNS, len(rows)))
        lines.append(
            {
                "node": node,
                "time_s": [float(trained.time_test_s[c[0]]) for c in columns],
                "true": [_most_frequent(trained.y_test[c]) for c in columns],
                "said": [_most_frequent(said[c]) for c in columns],
                "wrong": [round(float((trained.y_test[c] != said[c]).mean()), 3) for c in columns],
            }
        )
    return lines


def _changes_a_day(trained: Trained, said: NDArray[np.int64]) -> float:
    # Of the confirmed class by the node's own rule, over all nodes; the first class is no change.
    changes = 0
    nodes = trained.node_test.astype(str)
    for node in np.unique(nodes):
        rule = Confirm(NEED, OF, len(trained.classes))
        confirmed = sum(rule.push(cls) for cls in said[nodes == node].tolist())
        changes += max(confirmed - 1, 0)
    return changes * 86_400_000 / (len(said) * trained.period_ms)


def _most_frequent(values: NDArray[np.int64]) -> int:
    return int(np.bincount(values).argmax())


def _ranges(trained: Trained) -> dict[str, list[float]]:
    # What the model has seen, in hundredths of the unit.
    columns = [(n, i) for i, n in enumerate(trained.features) if n in ("t_level", "h_level")]
    x = trained.x_train
    return {n: [float(x[:, i].min()), float(x[:, i].max())] for n, i in columns}
