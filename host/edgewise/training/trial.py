"""The trials of a search: what a shape was worth on the held-out parts, and its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import flatten_trees, merge_leaves
from edgewise.training.cutting import CutTree, cut
from edgewise.training.quality import quality
from edgewise.training.result import Recipe
from edgewise.training.shape import Shape

__all__ = ["Trial", "best_groups", "cut_forests", "measure_trial"]


@dataclass(frozen=True)
class Trial:
    """A shape, its confusion on the held-out parts, and its size."""

    shape: Shape
    family: Shape  # that it was cut from
    confusion: NDArray[np.int64]  # [blocks, true, predicted]
    columns: NDArray[np.int64]
    nodes: int
    bytes: int
    visits: float

    @property
    def quality(self) -> float:
        """Mean of balanced accuracy and macro-F1 on the held-out parts."""
        return float(quality(self.confusion.sum(axis=0)))


def cut_forests(grown: Any, recipe: Recipe) -> list[list[CutTree]]:
    """Return the forests of this size that ``grown`` has; they share no tree."""
    trees, n = cut(grown, recipe.max_leaf_nodes), recipe.trees
    return [trees[i : i + n] for i in range(0, len(trees) - n + 1, n)]


def measure_trial(
    shape: Shape,
    family: Shape,
    confusion: NDArray[np.int64],
    columns: NDArray[np.int64],
    trees: list[CutTree],
    sample: NDArray[np.float32],
) -> Trial:
    """Return the trial of ``trees``; ``sample``: rows to count visits on."""
    return Trial(
        shape,
        family,
        confusion,
        columns,
        sum(tree.node_count for tree in trees),
        2 * len(merge_leaves(flatten_trees(trees)).table()),
        float(sum(tree.depth[tree.apply(sample)].sum() for tree in trees)) / len(sample),
    )


def best_groups(groups: list[list[Trial]], n: int) -> list[list[Trial]]:
    """Return the ``n`` groups whose best trials are best, the best first."""
    return sorted(groups, key=lambda group: -max(trial.quality for trial in group))[:n]
