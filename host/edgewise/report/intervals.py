"""Confidence intervals of scores: neighbours in time are alike, so whole blocks are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["blocks_of", "scores_with_intervals"]

_HOUR_S = 3600.0
_DRAWS = 1000
_BLOCKS_MIN = 5  # fewer blocks give no interval


def blocks_of(time_s: NDArray[np.float64], node: NDArray[Any]) -> tuple[NDArray[np.int64], float]:
    """Return int64[rows], the block of each row, and the length of a block in seconds.

    A block is a twentieth of the time, at least one hour and at most six. It never spans nodes.
    """
    if not len(time_s):
        return np.zeros(0, dtype=np.int64), _HOUR_S
    span_s = float(time_s.max() - time_s.min())
    length_s = min(max(span_s / 20, _HOUR_S), 6 * _HOUR_S)
    slot = ((time_s - time_s.min()) // length_s).astype(np.int64)
    _, node_index = np.unique(node.astype(str), return_inverse=True)
    _, block = np.unique(node_index * (slot.max() + 1) + slot, return_inverse=True)
    return np.asarray(block, dtype=np.int64), length_s


def scores_with_intervals(
    confusions: NDArray[np.int64], seed: int
) -> dict[str, list[list[float | None]]]:
    """Return scores as [value, low, high] with 95 % intervals.

    ``confusions``: int[blocks, true, predicted]. Keys: accuracy, balanced_accuracy, macro_f1 (one
    row each), precision, recall, f1 (one row for each class). Low and high are None with too few
    blocks. All three are None for an unknown score: the recall of a class that does not occur, the
    precision of a class that is never predicted. Draws without such a class are left out for it.
    """
    values = {k: v[0] for k, v in _scores(confusions.sum(axis=0)[None]).items()}
    n = len(confusions)
    if n < _BLOCKS_MIN:
        return {k: [[_nan_to_none(x), None, None] for x in v] for k, v in values.items()}
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _DRAWS)
    samples = _scores(np.tensordot(draws, confusions, axes=1))
    return {
        key: [_interval(x, s) for x, s in zip(values[key], samples[key].T, strict=True)]
        for key in values
    }


def _interval(value: float, samples: NDArray[np.float64]) -> list[float | None]:
    if np.isnan(value):
        return [None, None, None]
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return [float(value), float(min(value, low)), float(max(value, high))]


def _nan_to_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _scores(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    # number[n, true, predicted] -> scores[n, 1 or classes], NaN for an unknown score. The means
    # leave out classes that do not occur.
    hits = np.diagonal(confusion, axis1=1, axis2=2).astype(np.float64)
    true, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    recall, f1 = _share(hits, true), _share(2 * hits, true + predicted)
    occurs = true > 0
    count = np.maximum(occurs.sum(axis=1, keepdims=True), 1)
    return {
        "accuracy": _share(hits.sum(axis=1), true.sum(axis=1))[:, None],
        "balanced_accuracy": np.where(occurs, recall, 0).sum(axis=1, keepdims=True) / count,
        "macro_f1": np.where(occurs, f1, 0).sum(axis=1, keepdims=True) / count,
        "precision": _share(hits, predicted),
        "recall": recall,
        "f1": f1,
    }


def _share(part: NDArray[np.float64], total: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, total, out=np.full_like(part, np.nan), where=total > 0))
