"""Make an integer forest that gives the class of scikit-learn for every row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import Forest, flatten, leaves_of, merge_leaves, votes_of

__all__ = ["exact_forest"]

_BITS = (8, 12, 16)
_PASSES = 64


def exact_forest(
    estimator: Any, rows: NDArray[np.int16], expected: NDArray[np.int64]
) -> tuple[Forest, int]:
    """Return the forest with the fewest leaf bits that agree, and the first wrong row or -1.

    ``rows``: int16[n, features]; ``expected``: int[n], the index of scikit-learn's class. If rows
    are wrong even with 16 bits, the rounding of a floating-point sum of equal votes decided in
    scikit-learn. Then single units are moved between the classes of one leaf, see `_nudge`.
    """
    for bits in _BITS:
        forest = flatten(estimator, bits)
        leaves = leaves_of(forest, rows)
        wrong_rows = _wrong_rows(forest, leaves, expected)
        if not len(wrong_rows):
            return merge_leaves(forest), -1
    forest = _nudge(forest, leaves, expected)
    wrong_rows = _wrong_rows(forest, leaves, expected)
    return merge_leaves(forest), int(wrong_rows[0]) if len(wrong_rows) else -1


def _wrong_rows(
    forest: Forest, leaves: NDArray[np.int64], expected: NDArray[np.int64]
) -> NDArray[np.int64]:
    return np.flatnonzero(votes_of(forest, leaves).argmax(axis=1) != expected)


def _nudge(forest: Forest, leaves: NDArray[np.int64], expected: NDArray[np.int64]) -> Forest:
    # The perceptron rule: each wrong row moves one unit of 65,535 from the class that wins to the
    # expected class. It does so in that one of its leaves that the fewest rows share.
    units = forest.leaves.copy()
    forest = replace(forest, leaves=units)
    rows_per_leaf = np.bincount(leaves.ravel(), minlength=len(units))
    for _ in range(_PASSES):
        wrong_rows = _wrong_rows(forest, leaves, expected)
        if not len(wrong_rows):
            break
        for row in wrong_rows:
            votes = units[leaves[row]].sum(axis=0)
            winner, right = int(votes.argmax()), expected[row]
            if winner == right:
                continue
            for leaf in sorted(leaves[row], key=lambda leaf: rows_per_leaf[leaf]):
                if units[leaf, winner] > 0:
                    units[leaf, winner] -= 1
                    units[leaf, right] += 1
                    break
    return forest
