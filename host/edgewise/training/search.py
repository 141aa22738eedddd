"""Search for a model: try trees, leaves, features and filters on held-out parts.

The result is the smallest good one. The search narrows: all recipes are grown on few readings
(`Search._screen`), which also decides the filter; only the best are grown on all and compared.
Forests of all sizes are cut from the same trees.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.training.budget import US_PER_VISIT, Budget
from edgewise.training.cutting import predict
from edgewise.training.decisions import decide_filter, decide_levels, decide_weight
from edgewise.training.quality import choose, distances, pareto_front
from edgewise.training.result import Candidate, Filtering, Levels, Recipe
from edgewise.training.rows import Parts, Rows
from edgewise.training.selecting import GROWN
from edgewise.training.shape import (
    WEIGHTS,
    Columns,
    Shape,
    allowed_columns,
    list_recipes,
    list_sizes,
)
from edgewise.training.trial import Trial, best_groups, cut_forests, measure_trial

__all__ = ["Progress", "Search", "SearchResult", "check_jobs"]

Progress = Callable[[int, int], None]

_SCREEN_ROWS = 4_000
_SCREEN_TREES = 20  # of which all have a say
_BEST_RAW = 3  # of a screen decide about the filter
_BEST_SHAPES = 2  # of a screen are grown on all readings; the best also with other features
_FEATURE_COUNTS = (24, 12)  # the most important features
_RANKING_TREES = 32


@dataclass(frozen=True)
class SearchResult:
    """The chosen recipe with its columns of the pool, and all candidates.

    ``validation``: describes the held-out parts for people; ``jobs``: threads for what is left.
    """

    recipe: Recipe
    filtered: bool
    columns: NDArray[np.int64]
    confusion: NDArray[np.int64]
    candidates: list[Candidate]
    levels: Levels
    filtering: Filtering
    validation: str
    seed: int
    jobs: int

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that occur in the held-out parts."""
        confusion = self.confusion.sum(axis=0)
        counts = confusion.sum(axis=1)
        recall = np.diag(confusion)[counts > 0] / counts[counts > 0]
        return float(recall.mean())


class Search:
    """``rows``: under True of the filtered readings, under False of the same readings raw; one of
    them may be missing."""

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

    def find(self, levels: str, filters: str, progress: Progress) -> SearchResult:
        """Return the smallest model within half a standard error of the best.

        ``levels``: "auto", "on" or "off"; ``filters``: "auto", "median" or "none". InputError
        where nothing fits the budget.
        """
        recipes = list_recipes(self.budget, self.n_classes, len(self.parts.block))
        total = _count_groups(len(recipes), levels, filters)
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            progress(count, max(total, count))

        shapes = [Shape(recipe, filters != "none", levels != "off") for recipe in recipes]
        best_shapes, filtering = self._screen(shapes, filters, step)
        groups = self._run(best_shapes, step)
        (best_group,) = best_groups(groups, 1)
        shape = best_group[0].family
        if levels == "auto":
            groups += self._run([replace(shape, levels=False)], step)
        trials = [trial for group in groups for trial in group]
        nodes = len(np.unique(self._any_rows().node))
        choice = decide_levels(trials, levels, nodes, self.seed)
        if choice.used:
            groups += self._run([replace(shape, means=True)], step)
        groups_used = [group for group in groups if group[0].shape.levels is choice.used]
        (best_group,) = best_groups(groups_used, 1)
        shape = best_group[0].family
        groups += self._run([replace(shape, n_features=n) for n in _FEATURE_COUNTS], step)
        trials = [trial for group in groups for trial in group]
        return self._choose(trials, choice, filtering)

    def _screen(
        self, shapes: list[Shape], filters: str, step: Callable[[], None]
    ) -> tuple[list[Shape], Filtering]:
        # Returns the best shapes on few readings and few seeds, and the filter that they have.
        groups = self._run(shapes, step, is_screen=True)
        raw_shapes = [
            replace(g[0].shape, filtered=False) for g in best_groups(groups, len(groups))
        ]
        if filters == "auto":
            groups += self._run(raw_shapes[:_BEST_RAW], step, is_screen=True)
        filtering = decide_filter([group[0] for group in groups], filters, self.seed)
        filtered = filtering.used == "median"
        if filters == "auto" and not filtered:
            groups += self._run(raw_shapes[_BEST_RAW:], step, is_screen=True)
        groups = [group for group in groups if group[0].shape.filtered is filtered]
        best = best_groups(groups, _BEST_SHAPES)
        best_shapes = [group[0].shape for group in best]
        others = [best_shapes[0].reweight(weight) for weight in WEIGHTS[1:]]
        weighted_groups = [best[0], *self._run(others, step, is_screen=True)]
        weight = decide_weight([group[0] for group in weighted_groups], self.seed)
        return [shape.reweight(weight) for shape in best_shapes], filtering

    def _any_rows(self) -> Rows:
        return next(iter(self.rows.values()))

    def _run(
        self, shapes: Iterable[Shape], step: Callable[[], None], is_screen: bool = False
    ) -> list[list[Trial]]:
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

    def _choose(self, trials: list[Trial], levels: Levels, filtering: Filtering) -> SearchResult:
        qualities = np.array([t.quality for t in trials])
        sizes = np.array([t.bytes for t in trials])
        errors = distances(np.stack([t.confusion for t in trials]), self.seed)
        on_front = np.zeros(len(trials), dtype=bool)
        is_eligible = np.array([t.shape.levels is levels.used for t in trials])
        rows = np.flatnonzero(is_eligible)
        errors[rows] = distances(np.stack([trials[i].confusion for i in rows]), self.seed)
        on_front[rows] = pareto_front(qualities[rows], sizes[rows])
        chosen = int(rows[choose(qualities[rows], errors[rows], sizes[rows])])
        candidates = [
            Candidate(
                t.shape.recipe,
                t.shape.filtered,
                t.shape.levels,
                len(t.columns),
                t.nodes,
                t.bytes,
                round(t.visits, 2),
                round(t.visits * US_PER_VISIT, 1),
                float(qualities[i]),
                float(errors[i]),
                bool(on_front[i]),
                i == chosen,
            )
            for i, t in enumerate(trials)
        ]
        best = trials[chosen]
        return SearchResult(
            best.shape.recipe,
            best.shape.filtered,
            best.columns,
            best.confusion,
            candidates,
            levels,
            filtering,
            self.parts.text,
            self.seed,
            self.jobs,
        )

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
                for trees in cut_forests(grown, recipe):
                    predicted = predict(trees, grown.classes_, x_part)
                    np.add.at(confusion, (parts.block[part], rows.y[part], predicted), 1)
        columns = self._columns(shape, -1)
        x = rows.x[:, columns].astype(np.float32)
        grown = self._grow(shape.recipe, x, rows.y)
        sample = x[:: max(1, len(x) // 500)]
        return [
            measure_trial(
                replace(shape, recipe=r), shape, c, columns, cut_forests(grown, r)[0], sample
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


def _count_groups(recipes: int, levels: str, filters: str) -> int:
    # What the search tries at most, for its progress.
    screened = recipes * (1 + (filters == "auto")) + len(WEIGHTS) - 1
    columns = (levels == "auto") + (levels != "off") + len(_FEATURE_COUNTS)
    return screened + min(_BEST_SHAPES, recipes) + columns


def check_jobs(jobs: int) -> int:
    """Return the ``n_jobs`` of joblib for the option --jobs: 0 is all cores, more are not used."""
    if jobs < 0:
        raise InputError(f"--jobs {jobs}: 0 is all cores: give 0 or more")
    return min(jobs, os.cpu_count() or 1) or -1
