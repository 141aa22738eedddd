"""Search for a model: try trees, leaves, features and filters on held-out parts.

The result is the smallest good one. The search narrows: all recipes are grown on few readings
(`Search._screen`), which also decides the filter; only the best are grown on all and compared.
Forests of all sizes are cut from the same trees.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.package.forest import flatten_trees, merge_leaves
from edgewise.training.budget import US_PER_VISIT, Budget
from edgewise.training.cutting import CutTree, cut, predict
from edgewise.training.pool import LEVELS, MEANS, POOL
from edgewise.training.quality import choose, distances, pareto_front, quality
from edgewise.training.result import Candidate, Filtering, Levels, Recipe
from edgewise.training.rows import Parts, Rows
from edgewise.training.selecting import GROWN

__all__ = ["Search", "SearchResult", "check_jobs"]

Progress = Callable[[int, int], None]

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
_WEIGHTS = ("sqrt", "none", "balanced")  # the first stays unless another is clearly better
_SCREEN_ROWS = 4_000
_SCREEN_TREES = 20  # of which all have a say
_BEST_RAW = 3  # of a screen decide about the filter
_BEST_SHAPES = 2  # of a screen are grown on all readings; the best also with other features
_LEAF_SHARES = (1.0, 0.7, 0.5)  # of the leaves that the budget allows
_FEATURE_COUNTS = (24, 12)  # the most important features
_RANKING_TREES = 32


@dataclass(frozen=True)
class _Shape:
    recipe: Recipe  # with the fewest trees, which have the most leaves
    filtered: bool
    levels: bool
    means: bool = False
    n_features: int | None = None  # the most important ones; None is all


@dataclass(frozen=True)
class _Trial:
    shape: _Shape
    family: _Shape  # that it was cut from
    confusion: NDArray[np.int64]  # [blocks, true, predicted]
    columns: NDArray[np.int64]
    nodes: int
    bytes: int
    visits: float


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


_Columns = tuple[bool, bool, bool]  # filtered, levels, means


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
        self._ranks: dict[_Columns, list[NDArray[np.int64]]] = {}

    def find(self, levels: str, filters: str, progress: Progress) -> SearchResult:
        """Return the smallest model within half a standard error of the best.

        ``levels``: "auto", "on" or "off"; ``filters``: "auto", "median" or "none". InputError
        where nothing fits the budget.
        """
        recipes = _recipes(self.budget, self.n_classes, len(self.parts.block))
        total = _count_groups(len(recipes), levels, filters)
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            progress(count, max(total, count))

        shapes = [_Shape(recipe, filters != "none", levels != "off") for recipe in recipes]
        best_shapes, filtering = self._screen(shapes, filters, step)
        groups = self._run(best_shapes, step)
        (best_group,) = _best_groups(groups, 1)
        shape = best_group[0].family
        if levels == "auto":
            groups += self._run([replace(shape, levels=False)], step)
        trials = [trial for group in groups for trial in group]
        nodes = len(np.unique(self._any_rows().node))
        choice = _decide_levels(trials, levels, nodes, self.seed)
        if choice.used:
            groups += self._run([replace(shape, means=True)], step)
        groups_used = [group for group in groups if group[0].shape.levels is choice.used]
        (best_group,) = _best_groups(groups_used, 1)
        shape = best_group[0].family
        groups += self._run([replace(shape, n_features=n) for n in _FEATURE_COUNTS], step)
        trials = [trial for group in groups for trial in group]
        return self._choose(trials, choice, filtering)

    def _screen(
        self, shapes: list[_Shape], filters: str, step: Callable[[], None]
    ) -> tuple[list[_Shape], Filtering]:
        # Returns the best shapes on few readings and few seeds, and the filter that they have.
        groups = self._run(shapes, step, is_screen=True)
        raw_shapes = [
            replace(g[0].shape, filtered=False) for g in _best_groups(groups, len(groups))
        ]
        if filters == "auto":
            groups += self._run(raw_shapes[:_BEST_RAW], step, is_screen=True)
        filtering = _decide_filter([group[0] for group in groups], filters, self.seed)
        filtered = filtering.used == "median"
        if filters == "auto" and not filtered:
            groups += self._run(raw_shapes[_BEST_RAW:], step, is_screen=True)
        groups = [group for group in groups if group[0].shape.filtered is filtered]
        best_groups = _best_groups(groups, _BEST_SHAPES)
        best_shapes = [group[0].shape for group in best_groups]
        others = [_reweighted(best_shapes[0], weight) for weight in _WEIGHTS[1:]]
        weighted_groups = [best_groups[0], *self._run(others, step, is_screen=True)]
        weight = _decide_weight([group[0] for group in weighted_groups], self.seed)
        return [_reweighted(shape, weight) for shape in best_shapes], filtering

    def _any_rows(self) -> Rows:
        return next(iter(self.rows.values()))

    def _run(
        self, shapes: Iterable[_Shape], step: Callable[[], None], is_screen: bool = False
    ) -> list[list[_Trial]]:
        from sklearn.utils.parallel import Parallel, delayed

        shapes = list(shapes)
        for key in sorted({_columns_key(s) for s in shapes if s.n_features is not None}):
            self._ranks[key] = [self._rank(key, fit) for fit, _ in self.parts.folds]
            self._ranks[key].append(self._rank(key, np.ones(len(self.parts.block), dtype=bool)))
        try_shape = self._try_few if is_screen else self._try
        groups = []
        pool = Parallel(n_jobs=self.jobs, backend="threading", return_as="generator")
        for group in pool(delayed(try_shape)(shape) for shape in shapes):
            groups.append(group)
            step()
        return groups

    def _choose(self, trials: list[_Trial], levels: Levels, filtering: Filtering) -> SearchResult:
        qualities = np.array([_quality(t) for t in trials])
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

    def _columns(self, shape: _Shape, fold: int) -> NDArray[np.int64]:
        if shape.n_features is None:
            return _allowed_columns(shape.levels, shape.means)
        return np.sort(self._ranks[_columns_key(shape)][fold][: shape.n_features])

    def _rank(self, key: _Columns, fit: NDArray[np.bool_]) -> NDArray[np.int64]:
        # Returns the columns, the most important first; uses the rows to fit on only.
        from sklearn.ensemble import ExtraTreesClassifier

        filtered, levels, means = key
        columns, rows = _allowed_columns(levels, means), self.rows[filtered]
        forest = ExtraTreesClassifier(
            _RANKING_TREES, max_leaf_nodes=64, min_samples_leaf=5, random_state=self.seed
        ).fit(rows.x[fit][:, columns], rows.y[fit])
        return columns[np.argsort(-forest.feature_importances_, kind="stable")]

    def _try_few(self, shape: _Shape) -> list[_Trial]:
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
        return [_Trial(shape, shape, confusion, columns, 0, 0, 0.0)]

    def _try(self, shape: _Shape) -> list[_Trial]:
        # Returns a trial for each number of trees and of leaves, all cut from the same trees. Each
        # is judged by several forests: a single one may be lucky.
        rows, parts = self.rows[shape.filtered], self.parts
        recipes = _family(shape.recipe, self.budget, self.n_classes)
        confusions = [self._confusion() for _ in recipes]
        for fold, (fit, part) in enumerate(parts.folds):
            columns = self._columns(shape, fold)
            x, x_part = (rows.x[r][:, columns].astype(np.float32) for r in (fit, part))
            grown = self._grow(shape.recipe, x, rows.y[fit])
            for confusion, recipe in zip(confusions, recipes, strict=True):
                for trees in _forests(grown, recipe):
                    predicted = predict(trees, grown.classes_, x_part)
                    np.add.at(confusion, (parts.block[part], rows.y[part], predicted), 1)
        columns = self._columns(shape, -1)
        x = rows.x[:, columns].astype(np.float32)
        grown = self._grow(shape.recipe, x, rows.y)
        sample = x[:: max(1, len(x) // 500)]
        return [
            _trial(replace(shape, recipe=r), shape, c, columns, _forests(grown, r)[0], sample)
            for r, c in zip(recipes, confusions, strict=True)
        ]

    def _grow(self, recipe: Recipe, x: NDArray[np.float32], y: NDArray[np.int64]) -> Any:
        estimator = recipe.estimator(y, self.seed)
        if recipe.trees > 1:
            estimator.set_params(n_estimators=GROWN)
        return estimator.fit(x, y)

    def _confusion(self) -> NDArray[np.int64]:
        return np.zeros((self.parts.block.max() + 1, self.n_classes, self.n_classes), np.int64)


def _forests(grown: Any, recipe: Recipe) -> list[list[CutTree]]:
    # Returns forests of this size, which share no tree.
    trees, n = cut(grown, recipe.max_leaf_nodes), recipe.trees
    return [trees[i : i + n] for i in range(0, len(trees) - n + 1, n)]


def _family(recipe: Recipe, budget: Budget, n_classes: int) -> list[Recipe]:
    # Returns the recipes whose trees are among those of ``recipe``: fewer leaves, or more trees.
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


def _reweighted(shape: _Shape, class_weight: str) -> _Shape:
    return replace(shape, recipe=replace(shape.recipe, class_weight=class_weight))


def _trial(
    shape: _Shape,
    family: _Shape,
    confusion: NDArray[np.int64],
    columns: NDArray[np.int64],
    trees: list[CutTree],
    sample: NDArray[np.float32],
) -> _Trial:
    return _Trial(
        shape,
        family,
        confusion,
        columns,
        sum(tree.node_count for tree in trees),
        2 * len(merge_leaves(flatten_trees(trees)).table()),
        float(sum(tree.depth[tree.apply(sample)].sum() for tree in trees)) / len(sample),
    )


def _best_groups(groups: list[list[_Trial]], n: int) -> list[list[_Trial]]:
    return sorted(groups, key=lambda group: -max(map(_quality, group)))[:n]


def _allowed_columns(levels: bool, means: bool) -> NDArray[np.int64]:
    left_out = set(LEVELS if not levels else () if means else MEANS)
    return np.array([i for i, name in enumerate(POOL) if name not in left_out])


def _columns_key(shape: _Shape) -> _Columns:
    return shape.filtered, shape.levels, shape.means


def _quality(trial: _Trial) -> float:
    return float(quality(trial.confusion.sum(axis=0)))


def _recipes(budget: Budget, n_classes: int, n_rows: int) -> list[Recipe]:
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
            _WEIGHTS[0],
        )
        for (kind, share, criterion), leaf in product(kinds, _LEAF_READINGS)
    ]


def _count_groups(recipes: int, levels: str, filters: str) -> int:
    # What the search tries at most, for its progress.
    screened = recipes * (1 + (filters == "auto")) + len(_WEIGHTS) - 1
    columns = (levels == "auto") + (levels != "off") + len(_FEATURE_COUNTS)
    return screened + min(_BEST_SHAPES, recipes) + columns


def _has_room(budget: Budget, trees: int, n_classes: int, leaves_min: int = _LEAVES_MIN) -> bool:
    depth = budget.depth(trees)
    is_deep = depth is None or depth >= _DEPTH_MIN
    return is_deep and budget.leaves(trees, n_classes) >= leaves_min


def _compare(trials: list[_Trial], others: list[_Trial], seed: int) -> tuple[float, float, float]:
    # Returns the best quality of each list and the standard error of their distance.
    best, other = (max(group, key=_quality) for group in (trials, others))
    errors = distances(np.stack([best.confusion, other.confusion]), seed)
    return _quality(best), _quality(other), float(errors.max())


def _decide_levels(trials: list[_Trial], option: str, n_nodes: int, seed: int) -> Levels:
    on = [t for t in trials if t.shape.levels]
    off = [t for t in trials if not t.shape.levels]
    if option != "auto":
        best = max(map(_quality, on or off))
        why = f"--levels {option} was asked for"
        return Levels(option, bool(on), best if on else None, None if on else best, why)
    with_levels, without, error = _compare(on, off, seed)
    figures = f"{with_levels:.1%} with levels, {without:.1%} without, standard error {error:.1%}"
    if n_nodes > 1:
        used = with_levels >= without
        why = f"on nodes that were not trained on: {figures}"
    else:
        used = without - with_levels <= error
        why = f"one node, a known room: levels unless clearly worse; on held-out time: {figures}"
    return Levels(option, bool(used), with_levels, without, why)


def _decide_filter(trials: list[_Trial], option: str, seed: int) -> Filtering:
    # The median filter keeps spikes of the sensor away from the model. Few logs hold spikes, so
    # the filter stays unless raw readings are better by three standard errors, as in logs whose
    # spikes are a class.
    filtered = [t for t in trials if t.shape.filtered]
    raw = [t for t in trials if not t.shape.filtered]
    if option != "auto":
        best = max(map(_quality, filtered or raw))
        why = f"--filters {option} was asked for"
        return Filtering(option, option, best if filtered else None, best if raw else None, why)
    without, with_median, error = _compare(raw, filtered, seed)
    used = "median" if without - with_median <= 3 * error else "none"
    why = (
        f"a median stays unless clearly worse; on held-out readings: {with_median:.1%} with it, "
        f"{without:.1%} without, standard error {error:.1%}"
    )
    return Filtering(option, used, with_median, without, why)


def _decide_weight(trials: list[_Trial], seed: int) -> str:
    # The first trial has the usual weights. The differences are mostly noise, and the best of
    # many is often the luckiest: as with the filter, three standard errors are asked for.
    best = max(trials, key=_quality)
    with_best, with_usual, error = _compare([best], trials[:1], seed)
    chosen = best if with_best - with_usual > 3 * error else trials[0]
    return chosen.shape.recipe.class_weight


def check_jobs(jobs: int) -> int:
    """Return the ``n_jobs`` of joblib for the option --jobs: 0 is all cores, more are not used."""
    if jobs < 0:
        raise InputError(f"--jobs {jobs}: 0 is all cores: give 0 or more")
    return min(jobs, os.cpu_count() or 1) or -1
