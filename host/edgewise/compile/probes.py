"""Make rows at every threshold of a model, where two implementations differ first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import INT16_MAX, trees_of

__all__ = ["probe_rows"]


def probe_rows(estimator: Any, rows: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return three rows for every node, at its threshold and at the two neighbours.

    They are copies of the first of ``rows`` (int16[n, features], n > 0) that reaches the node,
    with the feature of the node at floor(t) - 1, floor(t), floor(t) + 1. If no row reaches the
    node, the median row is moved so that it does. Returns int16[3 * nodes that integers can
    reach, features].
    """
    middle = np.median(rows, axis=0).astype(np.int64)
    x = rows.astype(np.float32)
    probes = []
    for tree in trees_of(estimator):
        path = tree.decision_path(x).tocsc()
        for node, low, high in _boxes(tree, rows.shape[1]):
            start, end = path.indptr[node], path.indptr[node + 1]
            reached = rows[path.indices[start]] if start < end else np.clip(middle, low, high)
            for step in (-1, 0, 1):
                row = reached.astype(np.int64)
                value = math.floor(tree.threshold[node]) + step
                row[tree.feature[node]] = min(max(value, -INT16_MAX), INT16_MAX)
                probes.append(row)
    return np.array(probes, dtype=np.int16).reshape(-1, rows.shape[1])


def _boxes(tree: Any, n_features: int) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    # Yields the inner nodes, with the smallest and largest integer of each feature to reach them.
    start = np.full(n_features, -INT16_MAX), np.full(n_features, INT16_MAX)
    stack = [(0, *start)]
    while stack:
        node, low, high = stack.pop()
        if tree.children_left[node] < 0 or (low > high).any():
            continue
        yield node, low, high
        feature, threshold = tree.feature[node], math.floor(tree.threshold[node])
        left_high, right_low = high.copy(), low.copy()
        left_high[feature] = min(left_high[feature], threshold)
        right_low[feature] = max(right_low[feature], threshold + 1)
        stack.append((tree.children_right[node], right_low, high))
        stack.append((tree.children_left[node], low, left_high))
