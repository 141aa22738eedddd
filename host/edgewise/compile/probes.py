"""Rows at every threshold of a model: where two implementations differ first."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import INT16_MAX, trees_of

__all__ = ["probe_rows"]


def probe_rows(estimator: Any, rows: NDArray[np.int16]) -> NDArray[np.int16]:
    """For every node three rows that reach it, at its threshold and the two neighbours.

    The first of ``rows`` (int16[n, features], n > 0) that reaches a node is repeated with the
    node's feature at floor(t) - 1, floor(t), floor(t) + 1. Where none does, the middle row is
    moved to the node. Returns int16[3 * nodes that integers can reach, features].
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
                at = math.floor(tree.threshold[node]) + step
                row[tree.feature[node]] = min(max(at, -INT16_MAX), INT16_MAX)
                probes.append(row)
    return np.array(probes, dtype=np.int16).reshape(-1, rows.shape[1])


def _boxes(tree: Any, n_features: int) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    # Inner nodes with the least and greatest integers of each feature that lead to them.
    start = np.full(n_features, -INT16_MAX), np.full(n_features, INT16_MAX)
    stack = [(0, *start)]
    while stack:
        node, low, high = stack.pop()
        if tree.children_left[node] < 0 or (low > high).any():
            continue
        yield node, low, high
        feature, at = tree.feature[node], math.floor(tree.threshold[node])
        left, right = high.copy(), low.copy()
        left[feature] = min(left[feature], at)
        right[feature] = max(right[feature], at + 1)
        stack += [(tree.children_right[node], right, high), (tree.children_left[node], low, left)]
