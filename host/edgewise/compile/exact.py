"""The integer forest that says what scikit-learn says, on every row it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import Forest, flatten, merge_leaves

__all__ = ["exact_forest", "leaves_of", "votes_of"]

_BITS = (8, 12, 16)
_PASSES = 64


def exact_forest(
    estimator: Any, rows: NDArray[np.int16], expected: NDArray[np.int64]
) -> tuple[Forest, int]:
    """The forest with as few leaf bits as agree, and the first row that differs all the same, -1.

    ``rows``: int16[n, features]; ``expected``: int[n], the column of scikit-learn's class. Where
    even 16 bits differ, scikit-learn was decided by the rounding of its floating-point sum of
    equal votes; single units are then moved between the classes of one leaf, see `_nudge`.
    """
    for bits in _BITS:
        forest = flatten(estimator, bits)
        at = leaves_of(forest, rows)
        differs = _is_different(forest, at, expected)
        if not len(differs):
            return merge_leaves(forest), -1
    forest = _nudge(forest, at, expected)
    differs = _is_different(forest, at, expected)
    return merge_leaves(forest), int(differs[0]) if len(differs) else -1


def leaves_of(forest: Forest, rows: NDArray[np.int16]) -> NDArray[np.int64]:
    """int[n, trees], the leaf that each row (int16[n, features]) reaches in each tree."""
    n = len(forest.nodes)
    ends = np.empty((len(rows), len(forest.roots)), dtype=np.int64)
    for tree, root in enumerate(forest.roots):
        at = np.full(len(rows), root)
        while (inner := np.flatnonzero(at < n)).size:
            node = forest.nodes[at[inner]]
            left = rows[inner, node[:, 0]] < node[:, 1]
            at[inner] = np.where(left, node[:, 2], node[:, 3])
        ends[:, tree] = at - n
    return ends


def votes_of(forest: Forest, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """int[n, classes], the votes of the leaves ``at`` (int[n, trees])."""
    votes = np.zeros((len(at), forest.leaves.shape[1]), dtype=np.int64)
    for ends in at.T:
        votes += forest.leaves[ends]
    return votes


def _is_different(
    forest: Forest, at: NDArray[np.int64], expected: NDArray[np.int64]
) -> NDArray[np.int64]:
    return np.flatnonzero(votes_of(forest, at).argmax(axis=1) != expected)


def _nudge(forest: Forest, at: NDArray[np.int64], expected: NDArray[np.int64]) -> Forest:
    # The perceptron rule: a row that is wrong moves one unit of 65,535, in the leaf of its own
    # that fewest rows share, from the class that won to the one that should have.
    leaves = forest.leaves.copy()
    forest = replace(forest, leaves=leaves)
    shared = np.bincount(at.ravel(), minlength=len(leaves))
    for _ in range(_PASSES):
        differs = _is_different(forest, at, expected)
        if not len(differs):
            break
        for row in differs:
            votes = leaves[at[row]].sum(axis=0)
            won, should = int(votes.argmax()), expected[row]
            if won == should:
                continue
            for leaf in sorted(at[row], key=lambda leaf: shared[leaf]):
                if leaves[leaf, won] > 0:
                    leaves[leaf, won] -= 1
                    leaves[leaf, should] += 1
                    break
    return forest
