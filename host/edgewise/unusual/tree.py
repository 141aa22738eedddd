"""Limits as a decision tree: a chain of splits, which every runtime of a package runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.errors import EdgewiseError

__all__ = ["chain_tree"]


def chain_tree(limits: list[int], seed: int = 0) -> Any:
    """Return a fitted DecisionTreeClassifier: 1 where any feature is above its limit, else 0.

    ``limits``: one for each column, at least 1. It learns from two rows at each limit, the limit
    and its neighbour, so each threshold is exactly half above a limit. EdgewiseError where
    scikit-learn grew another tree.
    """
    from sklearn.tree import DecisionTreeClassifier

    n = len(limits)
    at_limit, above = np.diag(limits), np.diag(np.array(limits) + 1)
    x = np.concatenate([np.zeros((1, n)), at_limit, above]).astype(np.float32)
    y = np.repeat([0, 1], [n + 1, n])
    estimator = DecisionTreeClassifier(random_state=seed).fit(x, y)
    tree = estimator.tree_
    inner = tree.children_left >= 0
    splits = sorted(zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True))
    leaves = tree.value[~inner, 0, 1]
    if splits != [(i, limit + 0.5) for i, limit in enumerate(limits)] or set(leaves) != {0.0, 1.0}:
        raise EdgewiseError("scikit-learn grew another tree than the limits: report this as a bug")
    return estimator
