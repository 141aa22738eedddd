"""Grow more trees than are wanted and keep those that together say most nearly what all say.

A forest of few trees depends on its seed; one of many does not, and this is the nearest to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import trees_of
from edgewise.training.result import Recipe

__all__ = ["GROWN", "Tree", "grow", "select"]

GROWN = 40  # trees; of 64 and 128 the choice was no better
_SAMPLE_ROWS = 2_000  # on which trees are compared
_LEAST_GAIN = 1e-9


class Tree(Protocol):
    """A tree of scikit-learn, or the first nodes of one."""

    value: Any

    def apply(self, x: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the leaf of each row."""


def grow(
    recipe: Recipe, x: NDArray[np.int16], y: NDArray[np.int64], seed: int, jobs: int = 1
) -> Any:
    """Return a fitted classifier with the trees of `select`; a single tree is fitted alone.

    ``jobs``: threads, as joblib counts them; the result does not depend on it.
    """
    rows = x.astype(np.float32)
    estimator = recipe.estimator(y, seed)
    if recipe.trees == 1:
        return estimator.fit(rows, y)
    estimator.set_params(n_estimators=max(GROWN, recipe.trees), n_jobs=jobs).fit(rows, y)
    chosen = select(trees_of(estimator), rows, recipe.trees)
    estimator.estimators_ = [estimator.estimators_[i] for i in chosen]
    return estimator.set_params(n_estimators=recipe.trees, n_jobs=None)


def select(trees: Sequence[Tree], x: NDArray[np.float32], n: int) -> list[int]:
    """Return which ``n`` of the trees have a mean vote with the least squared distance from that
    of all, on the rows that they were fitted on: one after the other, then exchanges."""
    if n >= len(trees):
        return list(range(len(trees)))
    sample = x[:: max(1, len(x) // _SAMPLE_ROWS)]
    votes = np.stack([tree.value[tree.apply(sample), 0].ravel() for tree in trees])
    apart = votes - votes.mean(axis=0)
    products = apart @ apart.T
    chosen: list[int] = []
    left = np.ones(len(trees), dtype=bool)
    sums = np.zeros(len(trees))  # of the products with those chosen
    for _ in range(n):
        costs = 2 * sums + np.diag(products)
        best = int(np.where(left, costs, np.inf).argmin())
        chosen.append(best)
        left[best] = False
        sums += products[best]
    for _ in range(len(trees)):
        gains = _exchanges(products, sums, np.array(chosen), np.flatnonzero(left))
        out, new = np.unravel_index(gains.argmin(), gains.shape)
        if gains[out, new] > -_LEAST_GAIN:
            break
        old, best = chosen[out], int(np.flatnonzero(left)[new])
        chosen[out] = best
        left[old], left[best] = True, False
        sums += products[best] - products[old]
    return sorted(chosen)


def _exchanges(
    products: NDArray[np.float64],
    sums: NDArray[np.float64],
    chosen: NDArray[np.int64],
    others: NDArray[np.int64],
) -> NDArray[np.float64]:
    # How much the squared distance grows where a chosen tree (row) makes room for another one.
    alone = np.diag(products)
    removed = alone[chosen] - 2 * sums[chosen]
    added = alone[others] + 2 * sums[others]
    return np.asarray(removed[:, None] + added - 2 * products[np.ix_(chosen, others)])
