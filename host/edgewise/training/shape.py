"""The shapes of a search: a recipe with its filter and its columns of the pool."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from edgewise.training.budget import Budget
from edgewise.training.pool import LEVELS, MEANS, POOL
from edgewise.training.result import Recipe

__all__ = ["WEIGHTS", "Columns", "Shape", "allowed_columns", "list_recipes", "list_sizes"]

# kind, share of the features that a split looks at, criterion
_FORESTS = (
    ("ExtraTrees", 0.5, "gini"),
    ("ExtraTrees", 1.0, "gini"),
    ("RandomForest", 0.15, "entropy"),
)
# Trees of a forest: the first number that the budget allows with this many leaves and this depth.
_TREES = (10, 5, 3)
_LEAVES_MIN, _DEPTH_MIN = 6, 3
# Where each still has this many leaves, more and smaller trees are tried as well.
_MANY_TREES, _MANY_LEAVES_MIN = 20, 12
# For budgets without room for a forest only: the confidence of a single tree says little.
_SINGLE_TREE = ("DecisionTree", None, "entropy")
_LEAF_READINGS = (20, 80)  # at least so many in a leaf
WEIGHTS = ("sqrt", "none", "balanced")  # the first stays unless another is clearly better
_LEAF_SHARES = (1.0, 0.7, 0.5)  # of the leaves that the budget allows

Columns = tuple[bool, bool, bool]  # filtered, levels, means


@dataclass(frozen=True)
class Shape:
    """What a trial grows: a recipe, and the columns that it may use."""

    recipe: Recipe  # with the fewest trees, which have the most leaves
    filtered: bool
    levels: bool
    means: bool = False
    n_features: int | None = None  # the most important ones; None is all

    @property
    def columns_key(self) -> Columns:
        """Which filter and columns its features are ranked for."""
        return self.filtered, self.levels, self.means

    def reweight(self, class_weight: str) -> Shape:
        """Return the same shape with other weights of the classes."""
        return replace(self, recipe=replace(self.recipe, class_weight=class_weight))


def allowed_columns(levels: bool, means: bool) -> NDArray[np.int64]:
    """Return the columns of the pool, with levels and their means or without."""
    left_out = set(LEVELS if not levels else () if means else MEANS)
    return np.array([i for i, name in enumerate(POOL) if name not in left_out])


def list_recipes(budget: Budget, n_classes: int, n_rows: int) -> list[Recipe]:
    """Return the recipes to begin with; InputError where nothing fits the budget."""
    budget.check(n_classes)
    leaf_max = max(1, n_rows // 20)
    trees = next((n for n in _TREES if _has_room(budget, n, n_classes)), 1)
    kinds = _FORESTS if trees > 1 else (_SINGLE_TREE,)
    return [
        Recipe(
            kind,
            trees,
            budget.leaves(trees, n_classes),
            budget.depth(trees),
            min(leaf, leaf_max),
            share,
            criterion,
            WEIGHTS[0],
        )
        for (kind, share, criterion), leaf in product(kinds, _LEAF_READINGS)
    ]


def list_sizes(recipe: Recipe, budget: Budget, n_classes: int) -> list[Recipe]:
    """Return the recipes whose trees are among those of ``recipe``: fewer leaves or more trees."""
    numbers = {recipe.trees: recipe.max_leaf_nodes}
    if (
        recipe.trees == _TREES[0]
        and recipe.max_depth is None
        and _has_room(budget, _MANY_TREES, n_classes, _MANY_LEAVES_MIN)
    ):
        numbers[_MANY_TREES] = budget.leaves(_MANY_TREES, n_classes)
    return [
        replace(recipe, trees=trees, max_leaf_nodes=max(2, int(leaves * share)))
        for trees, leaves in numbers.items()
        for share in _LEAF_SHARES
    ]


def _has_room(budget: Budget, trees: int, n_classes: int, leaves_min: int = _LEAVES_MIN) -> bool:
    depth = budget.depth(trees)
    is_deep = depth is None or depth >= _DEPTH_MIN
    return is_deep and budget.leaves(trees, n_classes) >= leaves_min
