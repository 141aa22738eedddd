"""Convert a scikit-learn forest to integers: the table that the node walks.

scikit-learn goes left on ``x <= t``; for integer x that is ``x < floor(t) + 1``. The proportions
of a leaf become integers with the same total for all leaves (255 for 8 bits), so soft votes are
sums of integers.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError

__all__ = [
    "INT16_MAX",
    "Forest",
    "flatten",
    "flatten_trees",
    "leaves_of",
    "merge_leaves",
    "trees_of",
    "votes_of",
]

INT16_MAX = 32766  # features are clamped to +-32766, so they never reach a threshold beyond it
_WORD_MAX = 65535


@dataclass(frozen=True)
class Forest:
    """The nodes of all trees in one list.

    ``nodes``: int[n, 4] feature, threshold (left on x < threshold), left, right; a child that is
    n or more is the leaf ``child - n``. ``roots``: int[trees], may be leaves. ``leaves``:
    int[m, classes], all rows have the same sum, which has ``bits`` bits.
    """

    nodes: NDArray[np.int64]
    roots: NDArray[np.int64]
    leaves: NDArray[np.int64]
    bits: int

    @classmethod
    def from_table(cls, table: array[int]) -> Forest:
        """Return the forest whose `table` this is; the node's loader has checked it."""
        n_nodes, n_trees, n_classes = table[:3]
        words = np.array(table[3:], dtype=np.int64)
        roots, nodes, leaves = np.split(words, [n_trees, n_trees + 4 * n_nodes])
        nodes = nodes.reshape(-1, 4)
        nodes[:, 1] -= 32768
        leaves = leaves.reshape(-1, n_classes)
        return cls(nodes, roots, leaves, int(leaves[0].sum()).bit_length())

    @property
    def total(self) -> int:
        """The votes of all trees together."""
        return len(self.roots) * int(self.leaves[0].sum())

    def table(self) -> array[int]:
        """Return the 16-bit words that `edgenode.core.walk_plain` walks."""
        nodes = self.nodes.copy()
        nodes[:, 1] += 32768
        head = [len(nodes), len(self.roots), self.leaves.shape[1]]
        words = np.concatenate([head, self.roots, nodes.ravel(), self.leaves.ravel()])
        if words.min() < 0 or words.max() > _WORD_MAX:
            raise InputError("the model is too large for 16-bit indices: lower --max-nodes")
        return array("H", [int(w) for w in words])


def trees_of(estimator: Any) -> list[Any]:
    """Return the fitted ``tree_`` objects of a tree or forest classifier."""
    return [e.tree_ for e in getattr(estimator, "estimators_", [estimator])]


def flatten(estimator: Any, bits: int = 8) -> Forest:
    """Return the integer form of a fitted classifier, one leaf for each of its leaves."""
    return flatten_trees(trees_of(estimator), bits)


def flatten_trees(trees: Sequence[Any], bits: int = 8) -> Forest:
    """Return the integer form of ``trees``, see `flatten`."""
    inner = [t.children_left >= 0 for t in trees]
    n = int(sum(i.sum() for i in inner))
    nodes: list[list[int]] = []
    roots: list[int] = []
    leaves: list[tuple[int, ...]] = []
    for tree, is_inner in zip(trees, inner, strict=True):
        place = np.where(is_inner, len(nodes), n + len(leaves))
        place += np.where(is_inner, np.cumsum(is_inner), np.cumsum(~is_inner)) - 1
        leaves += [_votes(value, bits) for value in tree.value[~is_inner, 0]]
        roots.append(int(place[0]))
        for i in np.flatnonzero(is_inner):
            left, right = place[tree.children_left[i]], place[tree.children_right[i]]
            threshold = math.floor(tree.threshold[i]) + 1
            nodes.append([int(tree.feature[i]), threshold, int(left), int(right)])
    table = np.array(nodes, dtype=np.int64).reshape(-1, 4)
    return Forest(table, np.array(roots), np.array(leaves, dtype=np.int64), bits)


def merge_leaves(forest: Forest) -> Forest:
    """Return the same forest with equal leaves stored once."""
    leaves, place = np.unique(forest.leaves, axis=0, return_inverse=True)
    n = len(forest.nodes)
    new_index = np.concatenate([np.arange(n), n + place.ravel()])
    nodes = forest.nodes.copy()
    nodes[:, 2:] = new_index[nodes[:, 2:]]
    return replace(forest, nodes=nodes, roots=new_index[forest.roots], leaves=leaves)


def leaves_of(forest: Forest, rows: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return int[n, trees], the leaf that each row (int16[n, features]) reaches in each tree."""
    n = len(forest.nodes)
    leaves = np.empty((len(rows), len(forest.roots)), dtype=np.int64)
    for tree, root in enumerate(forest.roots):
        nodes = np.full(len(rows), root)
        while (inner := np.flatnonzero(nodes < n)).size:
            node = forest.nodes[nodes[inner]]
            is_left = rows[inner, node[:, 0]] < node[:, 1]
            nodes[inner] = np.where(is_left, node[:, 2], node[:, 3])
        leaves[:, tree] = nodes - n
    return leaves


def votes_of(forest: Forest, leaves: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return int[n, classes], the votes of ``leaves`` (int[n, trees], see `leaves_of`)."""
    votes = np.zeros((len(leaves), forest.leaves.shape[1]), dtype=np.int64)
    for tree_leaves in leaves.T:
        votes += forest.leaves[tree_leaves]
    return votes


def _votes(proportions: NDArray[np.float64], bits: int) -> tuple[int, ...]:
    # Largest remainder: the integers sum to the total exactly.
    total = 2**bits - 1
    share = proportions / proportions.sum() * total
    votes = np.floor(share).astype(np.int64)
    rest = total - int(votes.sum())
    order = np.argsort(-(share - votes), kind="stable")
    votes[order[:rest]] += 1
    return tuple(int(v) for v in votes)
