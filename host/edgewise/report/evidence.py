"""Collect the figures of a training as plain JSON, to draw the page again without the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.decide import Confirm, rule
from edgewise.report.intervals import blocks_of, scores_with_intervals
from edgewise.training.judging import Judged
from edgewise.training.result import Trained, score
from edgewise.training.sequence import Sequence

__all__ = ["evidence"]

_TRAIN_SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)  # of the training rows, for the learning curve
_COLUMNS = 720  # of the timeline
_NODES = 4  # in the timeline
_BINS = 10  # of the calibration


def evidence(trained: Trained, judged: Judged) -> dict[str, Any]:
    """Return everything that report.html shows beside model.json, finite numbers only.

    ``judged``: what a node with the model says of the test part.
    """
    n = len(trained.classes)
    predicted = judged.decisions.cls
    data = {
        "train": _part(trained.training.labelled, n),
        "test": _part(trained.testing.labelled, n),
    }
    data["train"]["pieces"] = [vars(piece) for piece in trained.pieces_train]
    data["test"]["pieces"] = [vars(piece) for piece in trained.pieces_test]
    changes = _changes_a_day(trained, judged) if len(predicted) else None
    if not trained.labelled:  # nobody labelled its readings: nothing is known of right and wrong
        trained = replace(trained, testing=trained.testing.select(slice(0)))
        predicted = predicted[:0]
    test = trained.testing.labelled
    y = test.y
    block, block_s = blocks_of(test.time_s, test.node)
    confusions = np.zeros((int(block.max(initial=-1)) + 1, n, n), dtype=np.int64)
    np.add.at(confusions, (block, y, predicted), 1)
    return {
        "data": data,
        "validation": trained.validation,
        "levels": vars(trained.levels),
        "heads": trained.heads.why,
        "filtering": vars(trained.filtering) if trained.filtering else None,
        "seed": trained.seed,
        "blocks": len(confusions),
        "block_s": block_s,
        "confusion": confusions.sum(axis=0).tolist(),
        "scores": scores_with_intervals(confusions, trained.seed) if len(y) else {},
        "learning_curve": _learning_curve(trained) if len(y) and not trained.network else [],
        "calibration": _calibration(judged.decisions.p_pc / 100, predicted == y) if len(y) else [],
        "candidates": [{**vars(c), "recipe": str(c.recipe)} for c in trained.candidates],
        "timeline": _timeline(trained, predicted) if len(y) else [],
        "changes_a_day": changes,
        "ranges": _ranges(trained),
    }


def _part(part: Sequence, n: int) -> dict[str, Any]:
    return {
        "rows": len(part),
        "nodes": len(np.unique(part.node.astype(str))),
        "first_s": float(part.time_s.min()) if len(part) else None,
        "last_s": float(part.time_s.max()) if len(part) else None,
        "classes": np.bincount(part.y, minlength=n).tolist(),
    }


def _learning_curve(trained: Trained) -> list[dict[str, float]]:
    # Scores of the same recipe, fitted on the first tenth, fifth ... of the training rows.
    train, test = trained.training.labelled, trained.testing.labelled
    # a detector may have features of its own
    used = [i for i, name in enumerate(trained.features) if trained.relevance[name][1] > 0]
    points = []
    for share in _TRAIN_SHARES:
        part = train.select(slice(int(len(train) * share)))
        if len(np.unique(part.y)) < len(trained.classes):
            continue
        estimator = trained.recipe.estimator(part.y, trained.seed).fit(part.x[:, used], part.y)
        scores = score(test.y, estimator.predict(test.x[:, used]))
        points.append(
            {
                "rows": len(part),
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
    test = trained.testing.labelled
    for node in np.unique(test.node.astype(str))[:_NODES]:
        rows = np.flatnonzero(test.node.astype(str) == node)
        columns = np.array_split(rows, min(_COLUMNS, len(rows)))
        lines.append(
            {
                "node": node,
                "time_s": [float(test.time_s[c[0]]) for c in columns],
                "true": [_most_frequent(test.y[c]) for c in columns],
                "said": [_most_frequent(predicted[c]) for c in columns],
                "wrong": [round(float((test.y[c] != predicted[c]).mean()), 3) for c in columns],
            }
        )
    return lines


def _changes_a_day(trained: Trained, judged: Judged) -> float:
    # Counts changes of the class that the node's rule confirms, over all nodes. The first
    # confirmed class of a node is no change.
    changes = 0
    nodes = trained.testing.labelled.node.astype(str)
    cls, sure = judged.decisions.cls, judged.decisions.sure
    for node in np.unique(nodes):
        confirm = Confirm(*rule({"need": 0}, trained.heads.heads), len(trained.classes))
        confirmations = sum(confirm.push(c) for c in cls[sure & (nodes == node)].tolist())
        changes += max(confirmations - 1, 0)
    return changes * 86_400_000 / (len(cls) * trained.period_ms)


def _most_frequent(values: NDArray[np.int64]) -> int:
    return int(np.bincount(values).argmax())


def _ranges(trained: Trained) -> dict[str, list[float]]:
    # The lowest and highest level in the training rows, in hundredths of the unit.
    columns = [(n, i) for i, n in enumerate(trained.features) if n in ("t_level", "h_level")]
    x = trained.training.labelled.x
    return {n: [float(x[:, i].min()), float(x[:, i].max())] for n, i in columns}
