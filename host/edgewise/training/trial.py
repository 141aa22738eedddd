"""The trials of a search: what a shape was worth on the held-out parts, and its size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.package.forest import flatten_trees, merge_leaves
from edgewise.training.budget import Budget
from edgewise.training.cutting import CutTree, cut, predict
from edgewise.training.quality import quality
from edgewise.training.result import Recipe
from edgewise.training.rows import Parts, Rows
from edgewise.training.selecting import GROWN
from edgewise.training.shape import Columns, Shape, allowed_columns, list_sizes

__all__ = ["Trial", "Trials", "best_groups"]

_SCREEN_ROWS = 4_000
_SCREEN_TREES = 20  # of which all have a say
_RANKING_TREES = 32


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


class Trials:
    """Tries shapes on held-out parts.

    ``rows``: under True of the filtered readings, under False of the same readings raw; one of
    them may be missing.
    """

    def __init__(
        self,
        rows: dict[bool, Rows],
        parts: Parts,
        n_classes: int,
        budget: Budget,
        seed: int,
        jobs: int,
    ) -> None:
        self.rows, self.parts, self.n_classes = rows, parts, n_classes
        self.budget, self.seed, self.jobs = budget, seed, jobs
        self._ranks: dict[Columns, list[NDArray[np.int64]]] = {}

    def count_nodes(self) -> int:
        """Return the number of nodes of the rows."""
        return len(np.unique(next(iter(self.rows.values())).node))

    def run(
        self, shapes: Iterable[Shape], step: Callable[[], None], is_screen: bool = False
    ) -> list[list[Trial]]:
        """Return a group of trials for each shape: all sizes that are cut from its trees.

        ``is_screen``: one trial each on few readings. ``step`` is called after each shape.
        """
        from sklearn.utils.parallel import Parallel, delayed

        shapes = list(shapes)
        for key in sorted({s.columns_key for s in shapes if s.n_features is not None}):
            self._ranks[key] = [self._rank(key, fit) for fit, _ in self.parts.folds]
            self._ranks[key].append(self._rank(key, np.ones(len(self.parts.block), dtype=bool)))
        try_shape = self._try_few if is_screen else self._try
        groups = []
        pool = Parallel(n_jobs=self.jobs, backend="threading", return_as="generator")
        for group in pool(delayed(try_shape)(shape) for shape in shapes):
            groups.append(group)
            step()
        return groups

    def _columns(self, shape: Shape, fold: int) -> NDArray[np.int64]:
        if shape.n_features is None:
            return allowed_columns(shape.levels, shape.means)
        return np.sort(self._ranks[shape.columns_key][fold][: shape.n_features])

    def _rank(self, key: Columns, fit: NDArray[np.bool_]) -> NDArray[np.int64]:
        # Returns the columns, the most important first; uses the rows to fit on only.
        from sklearn.ensemble import ExtraTreesClassifier

        filtered, levels, means = key
        columns, rows = allowed_columns(levels, means), self.rows[filtered]
        forest = ExtraTreesClassifier(
            _RANKING_TREES, max_leaf_nodes=64, min_samples_leaf=5, random_state=self.seed
        ).fit(rows.x[fit][:, columns], rows.y[fit])
        return columns[np.argsort(-forest.feature_importances_, kind="stable")]

    def _try_few(self, shape: Shape) -> list[Trial]:
        # Returns one trial on every n-th reading; its size is not known.
        rows, parts = self.rows[shape.filtered], self.parts
        every = -(-len(parts.block) // _SCREEN_ROWS)
        confusion = self._confusion()
        columns = self._columns(shape, -1)
        for fit_mask, whole_part in parts.folds:
            fit, part = np.flatnonzero(fit_mask)[::every], whole_part[::every]
            estimator = shape.recipe.estimator(rows.y[fit], self.seed)
            if shape.recipe.trees > 1:
                estimator.set_params(n_estimators=_SCREEN_TREES)
            estimator.fit(rows.x[fit][:, columns].astype(np.float32), rows.y[fit])
            predicted = estimator.predict(rows.x[part][:, columns].astype(np.float32))
            np.add.at(confusion, (parts.block[part], rows.y[part], predicted), 1)
        return [Trial(shape, shape, confusion, columns, 0, 0, 0.0)]

    def _try(self, shape: Shape) -> list[Trial]:
        # Returns a trial for each number of trees and of leaves, all cut from the same trees. Each
        # is judged by several forests: a single one may be lucky.
        rows, parts = self.rows[shape.filtered], self.parts
        recipes = list_sizes(shape.recipe, self.budget, self.n_classes)
        confusions = [self._confusion() for _ in recipes]
        for fold, (fit, part) in enumerate(parts.folds):
            columns = self._columns(shape, fold)
            x, x_part = (rows.x[r][:, columns].astype(np.float32) for r in (fit, part))
            grown = self._grow(shape.recipe, x, rows.y[fit])
            for confusion, recipe in zip(confusions, recipes, strict=True):
                for trees in _cut_forests(grown, recipe):
                    predicted = predict(trees, grown.classes_, x_part)
                    np.add.at(confusion, (parts.block[part], rows.y[part], predicted), 1)
        columns = self._columns(shape, -1)
        x = rows.x[:, columns].astype(np.float32)
        grown = self._grow(shape.recipe, x, rows.y)
        sample = x[:: max(1, len(x) // 500)]
        return [
            _measure(
                replace(shape, recipe=r), shape, c, columns, _cut_forests(grown, r)[0], sample
            )
            for r, c in zip(recipes, confusions, strict=True)
        ]

    def _grow(self, recipe: Recipe, x: NDArray[np.float32], y: NDArray[np.int64]) -> Any:
        estimator = recipe.estimator(y, self.seed)
        if recipe.trees > 1:
            estimator.set_params(n_estimators=GROWN)
        return estimator.fit(x, y)

    def _confusion(self) -> NDArray[np.int64]:
        return np.zeros((self.parts.block.max() + 1, self.n_classes, self.n_classes), np.int64)


def _cut_forests(grown: Any, recipe: Recipe) -> list[list[CutTree]]:
    """Return the forests of this size that ``grown`` has; they share no tree."""
    trees, n = cut(grown, recipe.max_leaf_nodes), recipe.trees
    return [trees[i : i + n] for i in range(0, len(trees) - n + 1, n)]


def _measure(
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
