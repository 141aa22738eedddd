"""Cut a grown forest to fewer leaves: the result is the forest grown with that limit.

scikit-learn grows a tree with ``max_leaf_nodes`` best first. Every split makes two nodes, and
the order of the splits does not depend on the limit. So the tree with fewer leaves is the first
``2 * leaves - 1`` nodes of the tree with more leaves, bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import trees_of

__all__ = ["CutTree", "cut", "predict"]


class CutTree:
    """The first nodes of a fitted ``tree_``, with its attributes.

    ``depth``: int[nodes], the number of nodes that a row visits up to and with this node.
    """

    def __init__(self, tree: Any, leaves: int) -> None:
        n = self.node_count = min(tree.node_count, 2 * leaves - 1)
        inner = (tree.children_left[:n] >= 0) & (tree.children_left[:n] < n)
        self.children_left = np.where(inner, tree.children_left[:n], -1)
        self.children_right = np.where(inner, tree.children_right[:n], -1)
        self.feature, self.threshold = tree.feature[:n], tree.threshold[:n]
        self.value = tree.value[:n]
        self.depth = np.ones(n, dtype=np.int64)
        self._tree = tree
        self._cut_node = np.arange(tree.node_count)  # node of the full tree -> node of this one
        for node in np.flatnonzero(tree.children_left >= 0):
            for child in (tree.children_left[node], tree.children_right[node]):
                if child < n:
                    self.depth[child] = self.depth[node] + 1
                else:
                    self._cut_node[child] = self._cut_node[node]

    def apply(self, x: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return int[rows], the leaf that each row reaches."""
        return np.asarray(self._cut_node[self._tree.apply(x)])


def cut(estimator: Any, leaves: int) -> list[CutTree]:
    """Return the trees of a fitted classifier, each cut to at most ``leaves`` leaves."""
    return [CutTree(tree, leaves) for tree in trees_of(estimator)]


def predict(trees: list[CutTree], classes: NDArray[Any], x: NDArray[np.float32]) -> NDArray[Any]:
    """Return the classes that these trees predict; adds up their votes as scikit-learn does."""
    votes = sum(tree.value[tree.apply(x), 0] for tree in trees) / len(trees)
    return np.asarray(classes[np.argmax(votes, axis=1)])
