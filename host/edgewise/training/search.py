"""Search for a model: try trees, leaves, features and filters on held-out parts.

The result is the smallest good one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.package.forest import flatten_trees, merge_leaves
from edgewise.training.budget import US_PER_VISIT, Budget
from edgewise.training.cutting import CutTree, cut, predict
from edgewise.training.pool import LEVELS, POOL
from edgewise.training.quality import choose, distances, pareto_front, quality
from edgewise.training.result import Candidate, Levels, Recipe
from edgewise.training.rows import Parts, Rows

__all__ = ["Search", "SearchResult", "check_jobs"]

Progress = Callable[[int, int], None]

# kind, share of the features that a split looks at, criterion
_FORESTS = (("ExtraTrees", 0.5, "gini"), ("RandomForest", 0.15, "entropy"))
# Trees of a forest: the first number that the budget allows with this many leaves and this depth.
_TREES = (10, 5, 3)
_LEAVES_MIN, _DEPTH_MIN = 6, 3
# For budgets without room for a forest only: the confidence of a single tree says little.
_SINGLE_TREE = ("DecisionTree", None, "entropy")
_LEAF_READINGS = (20, 80)  # at least so many in a leaf
_BEST_RECIPES = 2  # the best recipes are also tried without levels, then without the filter
_BEST_GROUPS = 2  # the best of all these are also tried with fewer leaves and features
_LEAF_SHARES = (1.0, 0.7, 0.5)  # of the leaves that the budget allows
_FEATURE_COUNTS = (None, 24, 12)  # the most important features; None is all
_SEEDS = 4  # forests for each candidate: a single one may be lucky
_RANKING_TREES = 32


@dataclass(frozen=True)
class _Shape:
    recipe: Recipe
    filtered: bool
    levels: bool
    n_features: int | None = None  # the most important ones; None is all


@dataclass(frozen=True)
class _Trial:
    shape: _Shape
    confusion: NDArray[np.int64]  # [blocks, true, predicted]
    columns: NDArray[np.int64]
    nodes: int
    bytes: int
    visits: float


@dataclass(frozen=True)
class SearchResult:
    """The chosen recipe with its columns of the pool, and all candidates.

    ``validation``: describes the held-out parts for people.
    """

    recipe: Recipe
    filtered: bool
    columns: NDArray[np.int64]
    confusion: NDArray[np.int64]
    candidates: list[Candidate]
    levels: Levels
    validation: str
    seed: int


class Search:
    """``rows``: under True of the filtered readings, under False of the same readings raw."""

    def __init__(
        self, rows: dict[bool, Rows], parts: Parts, n_classes: int, seed: int, jobs: int
    ) -> None:
        self.rows, self.parts, self.n_classes = rows, parts, n_classes
        self.seed, self.jobs = seed, jobs
        self._ranks: dict[tuple[bool, bool], list[NDArray[np.int64]]] = {}

    def find(self, budget: Budget, levels: str, progress: Progress) -> SearchResult:
        """Return the smallest model within one standard error of the best.

        ``levels``: "auto", "on" or "off". InputError where nothing fits the budget.
        """
        recipes = _recipes(budget, self.n_classes, len(self.parts.block))
        n_best = min(_BEST_RECIPES, len(recipes))
        n_levels = 1 + (levels == "auto")
        total = len(recipes) + n_best * n_levels + _BEST_GROUPS * (len(_FEATURE_COUNTS) - 1)
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            progress(count, max(total, count))

        groups = self._run([_Shape(recipe, True, levels != "off") for recipe in recipes], step)
        best_shapes = [group[0].shape for group in _best_groups(groups, n_best)]
        if levels == "auto":
            groups += self._run([replace(shape, levels=False) for shape in best_shapes], step)
        nodes = len(np.unique(self.rows[True].node))
        choice = _decide_levels([group[0] for group in groups], levels, nodes, self.seed)
        raw_shapes = [replace(s, filtered=False, levels=choice.used) for s in best_shapes]
        groups += self._run(raw_shapes, step)
        same_levels = [group for group in groups if group[0].shape.levels is choice.used]
        filtered = _decide_filter([group[0] for group in same_levels], self.seed)
        same_filter = [group for group in same_levels if group[0].shape.filtered is filtered]
        best_groups = _best_groups(same_filter, _BEST_GROUPS)
        trials = [group[0] for group in groups]
        trials += [trial for group in best_groups for trial in group[1:]]
        narrow_shapes = [
            replace(group[0].shape, n_features=n)
            for group in best_groups
            for n in _FEATURE_COUNTS
            if n
        ]
        trials += [trial for group in self._run(narrow_shapes, step) for trial in group]
        return self._choose(trials, choice, filtered)

    def _run(self, shapes: Iterable[_Shape], step: Callable[[], None]) -> list[list[_Trial]]:
        from sklearn.utils.parallel import Parallel, delayed

        shapes = list(shapes)
        for key in sorted({(s.filtered, s.levels) for s in shapes if s.n_features is not None}):
            self._ranks[key] = [self._rank(*key, fit) for fit, _ in self.parts.folds]
            self._ranks[key].append(self._rank(*key, np.ones(len(self.parts.block), dtype=bool)))
        groups = []
        pool = Parallel(n_jobs=self.jobs, backend="threading", return_as="generator")
        for group in pool(delayed(self._try)(shape) for shape in shapes):
            groups.append(group)
            step()
        return groups

    def _choose(self, trials: list[_Trial], levels: Levels, filtered: bool) -> SearchResult:
        qualities = np.array([_quality(t) for t in trials])
        sizes = np.array([t.bytes for t in trials])
        errors = distances(np.stack([t.confusion for t in trials]), self.seed)
        on_front = np.zeros(len(trials), dtype=bool)
        is_eligible = np.array(
            [t.shape.levels is levels.used and t.shape.filtered is filtered for t in trials]
        )
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
            filtered,
            best.columns,
            best.confusion,
            candidates,
            levels,
            self.parts.text,
            self.seed,
        )

    def _columns(self, shape: _Shape, fold: int) -> NDArray[np.int64]:
        if shape.n_features is None:
            return _allowed_columns(shape.levels)
        return np.sort(self._ranks[shape.filtered, shape.levels][fold][: shape.n_features])

    def _rank(self, filtered: bool, levels: bool, fit: NDArray[np.bool_]) -> NDArray[np.int64]:
        # Returns the columns, the most important first; uses the rows to fit on only.
        from sklearn.ensemble import ExtraTreesClassifier

        columns, rows = _allowed_columns(levels), self.rows[filtered]
        forest = ExtraTreesClassifier(
            _RANKING_TREES, max_leaf_nodes=64, min_samples_leaf=5, random_state=self.seed
        ).fit(rows.x[fit][:, columns], rows.y[fit])
        return columns[np.argsort(-forest.feature_importances_, kind="stable")]

    def _try(self, shape: _Shape) -> list[_Trial]:
        # Returns the trials of the shape with all of its leaves, and with each smaller share.
        rows, parts = self.rows[shape.filtered], self.parts
        shapes = [_fewer_leaves(shape, share) for share in _LEAF_SHARES]
        blocks = parts.block.max() + 1
        confusions = np.zeros((len(shapes), blocks, self.n_classes, self.n_classes), np.int64)
        for fold, (fit, part) in enumerate(parts.folds):
            columns = self._columns(shape, fold)
            x, x_part = (rows.x[r][:, columns].astype(np.float32) for r in (fit, part))
            for seed in range(self.seed, self.seed + _SEEDS):
                estimator = shape.recipe.estimator(rows.y[fit], seed).fit(x, rows.y[fit])
                for confusion, small in zip(confusions, shapes, strict=True):
                    trees = cut(estimator, small.recipe.max_leaf_nodes)
                    predicted = predict(trees, estimator.classes_, x_part)
                    np.add.at(confusion, (parts.block[part], rows.y[part], predicted), 1)
        columns = self._columns(shape, -1)
        x = rows.x[:, columns].astype(np.float32)
        estimator = shape.recipe.estimator(rows.y, self.seed).fit(x, rows.y)
        sample = x[:: max(1, len(x) // 500)]
        return [
            _trial(small, confusion, columns, cut(estimator, small.recipe.max_leaf_nodes), sample)
            for small, confusion in zip(shapes, confusions, strict=True)
        ]


def _fewer_leaves(shape: _Shape, share: float) -> _Shape:
    leaves = max(2, int(shape.recipe.max_leaf_nodes * share))
    return replace(shape, recipe=replace(shape.recipe, max_leaf_nodes=leaves))


def _trial(
    shape: _Shape,
    confusion: NDArray[np.int64],
    columns: NDArray[np.int64],
    trees: list[CutTree],
    sample: NDArray[np.float32],
) -> _Trial:
    return _Trial(
        shape,
        confusion,
        columns,
        sum(tree.node_count for tree in trees),
        2 * len(merge_leaves(flatten_trees(trees)).table()),
        float(sum(tree.depth[tree.apply(sample)].sum() for tree in trees)) / len(sample),
    )


def _best_groups(groups: list[list[_Trial]], n: int) -> list[list[_Trial]]:
    return sorted(groups, key=lambda group: -_quality(group[0]))[:n]


def _allowed_columns(levels: bool) -> NDArray[np.int64]:
    return np.array([i for i, name in enumerate(POOL) if levels or name not in LEVELS])


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
        )
        for (kind, share, criterion), leaf in product(kinds, _LEAF_READINGS)
    ]


def _has_room(budget: Budget, trees: int, n_classes: int) -> bool:
    depth = budget.depth(trees)
    is_deep = depth is None or depth >= _DEPTH_MIN
    return is_deep and budget.leaves(trees, n_classes) >= _LEAVES_MIN


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


def _decide_filter(trials: list[_Trial], seed: int) -> bool:
    # The median filter keeps spikes of the sensor away from the model. Few logs hold spikes, so
    # the filter stays unless raw readings are better by three standard errors, as in logs whose
    # spikes are a class.
    raw = [t for t in trials if not t.shape.filtered]
    without, with_median, error = _compare(raw, [t for t in trials if t.shape.filtered], seed)
    return without - with_median <= 3 * error


def check_jobs(jobs: int) -> int:
    """Return the ``n_jobs`` of joblib for the option --jobs: 0 is all cores, more are not used."""
    if jobs < 0:
        raise InputError(f"--jobs {jobs}: 0 is all cores: give 0 or more")
    return min(jobs, os.cpu_count() or 1) or -1
