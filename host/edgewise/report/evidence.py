"""Collect the figures of a training as plain JSON, to draw the page again without the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.decide import Confirm
from edgewise.report.energy import CONFIRM_NEED, CONFIRM_OF
from edgewise.report.intervals import blocks_of, scores_with_intervals
from edgewise.training.result import Trained, score

__all__ = ["evidence"]

_TRAIN_SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)  # of the training rows, for the learning curve
_COLUMNS = 720  # of the timeline
_NODES = 4  # in the timeline
_BINS = 10  # of the calibration


def evidence(trained: Trained) -> dict[str, Any]:
    """Return everything that report.html shows beside model.json, finite numbers only."""
    n = len(trained.classes)
    said = _shares_of_votes(trained).argmax(axis=1)
    data = {
        "train": _part(trained.time_train_s, trained.node_train, trained.y_train, n),
        "test": _part(trained.time_test_s, trained.node_test, trained.y_test, n),
    }
    changes = _changes_a_day(trained, said) if len(said) else None
    if trained.detector:  # nobody labelled its readings: nothing is known of right and wrong
        trained = _without_test(trained)
    y = trained.y_test
    share = _shares_of_votes(trained)
    predicted = share.argmax(axis=1)
    block, block_s = blocks_of(trained.time_test_s, trained.node_test)
    confusions = np.zeros((int(block.max(initial=-1)) + 1, n, n), dtype=np.int64)
    np.add.at(confusions, (block, y, predicted), 1)
    return {
        "data": data,
        "validation": trained.validation,
        "levels": vars(trained.levels),
        "filtering": vars(trained.filtering) if trained.filtering else None,
        "seed": trained.seed,
        "blocks": len(confusions),
        "block_s": block_s,
        "confusion": confusions.sum(axis=0).tolist(),
        "scores": scores_with_intervals(confusions, trained.seed) if len(y) else {},
        "learning_curve": _learning_curve(trained) if len(y) else [],
        "candidates": [{**vars(c), "recipe": str(c.recipe)} for c in trained.candidates],
        "calibration": _calibration(share.max(axis=1), predicted == y) if len(y) else [],
        "timeline": _timeline(trained, predicted) if len(y) else [],
        "changes_a_day": changes,
        "ranges": _ranges(trained),
    }


def _without_test(trained: Trained) -> Trained:
    columns = ("x_test", "y_test", "time_test_s", "node_test")
    return replace(trained, **{name: getattr(trained, name)[:0] for name in columns})


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
    # Scores of the same recipe, fitted on the first tenth, fifth ... of the training rows.
    points = []
    for share in _TRAIN_SHARES:
        rows = int(len(trained.y_train) * share)
        y = trained.y_train[:rows]
        if len(np.unique(y)) < len(trained.classes):
            continue
        estimator = trained.recipe.estimator(y, trained.seed).fit(trained.x_train[:rows], y)
        scores = score(trained.y_test, estimator.predict(trained.x_test))
        points.append(
            {
                "rows": rows,
                "balanced_accuracy": scores.balanced_accuracy,
                "macro_f1": scores.macro_f1,
            }
        )
    return points


def _calibration(
    share: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> list[dict[str, float]]:
    bins = np.minimum((share * _BINS).astype(int), _BINS - 1)
    return [
        {
            "rows": int(mask.sum()),
            "confidence": float(share[mask].mean()),
            "right": float(is_right[mask].mean()),
        }
        for mask in (bins == i for i in range(_BINS))
        if mask.any()
    ]


def _timeline(trained: Trained, predicted: NDArray[np.int64]) -> list[dict[str, Any]]:
    # For each node, columns of neighbouring readings with the most frequent label, the most
    # frequent prediction and the share of errors.
    lines = []
    for node in np.unique(trained.node_test.astype(str))[:_NODES]:
        rows = np.flatnonzero(trained.node_test.astype(str) == node)
        columns = np.array_split(rows, min(_COLUMNS, len(rows)))
        lines.append(
            {
                "node": node,
                "time_s": [float(trained.time_test_s[c[0]]) for c in columns],
                "true": [_most_frequent(trained.y_test[c]) for c in columns],
                "said": [_most_frequent(predicted[c]) for c in columns],
                "wrong": [
                    round(float((trained.y_test[c] != predicted[c]).mean()), 3) for c in columns
                ],
            }
        )
    return lines


def _changes_a_day(trained: Trained, predicted: NDArray[np.int64]) -> float:
    # Counts changes of the class that the node's rule confirms, over all nodes. The first
    # confirmed class of a node is no change.
    changes = 0
    nodes = trained.node_test.astype(str)
    for node in np.unique(nodes):
        rule = Confirm(CONFIRM_NEED, CONFIRM_OF, len(trained.classes))
        confirmations = sum(rule.push(cls) for cls in predicted[nodes == node].tolist())
        changes += max(confirmations - 1, 0)
    return changes * 86_400_000 / (len(predicted) * trained.period_ms)


def _most_frequent(values: NDArray[np.int64]) -> int:
    return int(np.bincount(values).argmax())


def _ranges(trained: Trained) -> dict[str, list[float]]:
    # The lowest and highest level in the training rows, in hundredths of the unit.
    columns = [(n, i) for i, n in enumerate(trained.features) if n in ("t_level", "h_level")]
    x = trained.x_train
    return {n: [float(x[:, i].min()), float(x[:, i].max())] for n, i in columns}
