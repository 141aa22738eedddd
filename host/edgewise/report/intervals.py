"""How sure a score is: neighbours in time are alike, so whole blocks of time are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["blocks_of", "scores_with_intervals"]

_HOUR_S = 3600.0
_DRAWS = 1000
_BLOCKS_MIN = 5  # of fewer blocks nothing can be said


def blocks_of(time_s: NDArray[np.float64], node: NDArray[Any]) -> tuple[NDArray[np.int64], float]:
    """int64[rows], the block of each row, and the length of a block in seconds.

    A twentieth of the time, at least one hour and at most six; blocks never span nodes.
    """
    if not len(time_s):
        return np.zeros(0, dtype=np.int64), _HOUR_S
    span_s = float(time_s.max() - time_s.min())
    length_s = min(max(span_s / 20, _HOUR_S), 6 * _HOUR_S)
    slot = ((time_s - time_s.min()) // length_s).astype(np.int64)
    _, which = np.unique(node.astype(str), return_inverse=True)
    _, block = np.unique(which * (slot.max() + 1) + slot, return_inverse=True)
    return np.asarray(block, dtype=np.int64), length_s


def scores_with_intervals(
    confusions: NDArray[np.int64], seed: int
) -> dict[str, list[list[float | None]]]:
    """Scores as [value, low, high] with 95 % intervals; ``confusions``: int[blocks, true, said].

    Keys: accuracy, balanced_accuracy, macro_f1 (one row each), precision, recall, f1 (a row a
    class). Low and high are None where there are too few blocks, all three where nothing is known:
    the recall of a class that does not occur, the precision of one that was never said. Draws
    without such a class say nothing of it.
    """
    values = {k: v[0] for k, v in _scores(confusions.sum(axis=0)[None]).items()}
    n = len(confusions)
    if n < _BLOCKS_MIN:
        return {k: [[_is_known(x), None, None] for x in v] for k, v in values.items()}
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _DRAWS)
    drawn = _scores(np.tensordot(draws, confusions, axes=1))
    return {
        key: [_interval(x, d) for x, d in zip(values[key], drawn[key].T, strict=True)]
        for key in values
    }


def _interval(value: float, drawn: NDArray[np.float64]) -> list[float | None]:
    if np.isnan(value):
        return [None, None, None]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return [float(value), float(min(value, low)), float(max(value, high))]


def _is_known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _scores(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    # number[n, true, said] -> scores[n, 1 or classes], NaN where nothing is known; a class that
    # does not occur counts nowhere.
    hits = np.diagonal(confusion, axis1=1, axis2=2).astype(np.float64)
    true, said = confusion.sum(axis=2), confusion.sum(axis=1)
    recall, f1 = _share(hits, true), _share(2 * hits, true + said)
    occurs = true > 0
    count = np.maximum(occurs.sum(axis=1, keepdims=True), 1)
    return {
        "accuracy": _share(hits.sum(axis=1), true.sum(axis=1))[:, None],
        "balanced_accuracy": np.where(occurs, recall, 0).sum(axis=1, keepdims=True) / count,
        "macro_f1": np.where(occurs, f1, 0).sum(axis=1, keepdims=True) / count,
        "precision": _share(hits, said),
        "recall": recall,
        "f1": f1,
    }


def _share(part: NDArray[np.float64], of: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, of, out=np.full_like(part, np.nan), where=of > 0))
