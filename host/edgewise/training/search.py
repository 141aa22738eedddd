"""Trees, leaves, weights, features and filters: tried on held-out parts, the smallest good one
taken."""

from __future__ import annotations

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

__all__ = ["Found", "Search"]

Progress = Callable[[int, int], None]

# kind, share of the features that a split looks at, criterion
_FORESTS = (("ExtraTrees", 0.5, "gini"), ("RandomForest", 0.15, "entropy"))
_TREES = (10, 5, 3)  # as many as the budget leaves more than stumps of
_LEAVES_MIN, _DEPTH_MIN = 6, 3
# for budgets without room for a forest: one tree knows little of how sure it is
_TREE = ("DecisionTree", None, "entropy")
_LEAVES = (20, 80)  # readings in a leaf, at least
_CARRIED_ON = 2  # best recipes that are tried without levels, then without the filter
_REFINED = 2  # of those the best, tried with fewer leaves and features
_SHARES = (1.0, 0.7, 0.5)  # of the leaves that the budget allows
_TOPS = (None, 24, 12)  # most important features; None is all
_SEEDS = 4  # forests a candidate: one alone may be lucky
_RANKERS = 32


@dataclass(frozen=True)
class _Shape:
    recipe: Recipe
    filtered: bool
    levels: bool
    top: int | None = None


@dataclass(frozen=True)
class _Trial:
    shape: _Shape
    confusion: NDArray[np.int64]  # [blocks, true, said]
    columns: NDArray[np.int64]
    nodes: int
    bytes: int
    visits: float


@dataclass(frozen=True)
class Found:
    """The chosen recipe with its columns of the pool, and all that was tried.

    ``validation``: what was held out to choose by, for people.
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
    """``rows``: of the filtered (True) and of the raw readings, otherwise alike."""

    def __init__(
        self, rows: dict[bool, Rows], parts: Parts, n_classes: int, seed: int, jobs: int
    ) -> None:
        self.rows, self.parts, self.n_classes = rows, parts, n_classes
        self.seed, self.jobs = seed, jobs
        self._ranks: dict[tuple[bool, bool], list[NDArray[np.int64]]] = {}

    def find(self, budget: Budget, levels: str, progress: Progress) -> Found:
        """The smallest model within one standard error of the best.

        ``levels``: "auto", "on" or "off". InputError where nothing fits the budget.
        """
        recipes = _recipes(budget, self.n_classes, len(self.parts.block))
        carried = min(_CARRIED_ON, len(recipes))
        total = len(recipes) + carried * (1 + (levels == "auto")) + _REFINED * (len(_TOPS) - 1)
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            progress(done, max(total, done))

        grown = self._run([_Shape(recipe, True, levels != "off") for recipe in recipes], step)
        best = [t[0].shape for t in _best_trials(grown, carried)]
        if levels == "auto":
            grown += self._run([replace(shape, levels=False) for shape in best], step)
        nodes = len(np.unique(self.rows[True].node))
        decided = _decide_levels([t[0] for t in grown], levels, nodes, self.seed)
        raw = [replace(s, filtered=False, levels=decided.used) for s in best]
        grown += self._run(raw, step)
        of_levels = [t for t in grown if t[0].shape.levels is decided.used]
        filtered = _decide_filter([t[0] for t in of_levels], self.seed)
        of_filter = [t for t in of_levels if t[0].shape.filtered is filtered]
        best_ones = _best_trials(of_filter, _REFINED)
        trials = [t[0] for t in grown] + [small for t in best_ones for small in t[1:]]
        fewer = [replace(t[0].shape, top=top) for t in best_ones for top in _TOPS if top]
        trials += [trial for found in self._run(fewer, step) for trial in found]
        return self._choose(trials, decided, filtered)

    def _run(self, shapes: Iterable[_Shape], step: Callable[[], None]) -> list[list[_Trial]]:
        from joblib import Parallel, delayed

        shapes = list(shapes)
        for key in sorted({(s.filtered, s.levels) for s in shapes if s.top is not None}):
            self._ranks[key] = [self._rank(*key, fit) for fit, _ in self.parts.folds]
            self._ranks[key].append(self._rank(*key, np.ones(len(self.parts.block), dtype=bool)))
        trials = []
        pool = Parallel(n_jobs=self.jobs, backend="threading", return_as="generator")
        for found in pool(delayed(self._try)(shape) for shape in shapes):
            trials.append(found)
            step()
        return trials

    def _choose(self, trials: list[_Trial], levels: Levels, filtered: bool) -> Found:
        qualities = np.array([_quality(t) for t in trials])
        sizes = np.array([t.bytes for t in trials])
        errors = distances(np.stack([t.confusion for t in trials]), self.seed)
        on_front = np.zeros(len(trials), dtype=bool)
        open_ones = np.array(
            [t.shape.levels is levels.used and t.shape.filtered is filtered for t in trials]
        )
        place = np.flatnonzero(open_ones)
        errors[place] = distances(np.stack([trials[i].confusion for i in place]), self.seed)
        on_front[place] = pareto_front(qualities[place], sizes[place])
        chosen = int(place[choose(qualities[place], errors[place], sizes[place])])
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
        it = trials[chosen]
        return Found(
            it.shape.recipe,
            filtered,
            it.columns,
            it.confusion,
            candidates,
            levels,
            self.parts.text,
            self.seed,
        )

    def _columns(self, shape: _Shape, fold: int) -> NDArray[np.int64]:
        if shape.top is None:
            return _allowed_columns(shape.levels)
        return np.sort(self._ranks[shape.filtered, shape.levels][fold][: shape.top])

    def _rank(self, filtered: bool, levels: bool, fit: NDArray[np.bool_]) -> NDArray[np.int64]:
        # Most important first, seen from the fitted rows only.
        from sklearn.ensemble import ExtraTreesClassifier

        columns, rows = _allowed_columns(levels), self.rows[filtered]
        forest = ExtraTreesClassifier(
            _RANKERS, max_leaf_nodes=64, min_samples_leaf=5, random_state=self.seed
        ).fit(rows.x[fit][:, columns], rows.y[fit])
        return columns[np.argsort(-forest.feature_importances_, kind="stable")]

    def _try(self, shape: _Shape) -> list[_Trial]:
        # Of the shape with all of its leaves, and with each smaller share of them.
        rows, parts = self.rows[shape.filtered], self.parts
        shapes = [_fewer_leaves(shape, share) for share in _SHARES]
        blocks = parts.block.max() + 1
        confusions = np.zeros((len(shapes), blocks, self.n_classes, self.n_classes), np.int64)
        for fold, (fit, part) in enumerate(parts.folds):
            columns = self._columns(shape, fold)
            x, held = (rows.x[r][:, columns].astype(np.float32) for r in (fit, part))
            for seed in range(self.seed, self.seed + _SEEDS):
                estimator = shape.recipe.estimator(rows.y[fit], seed).fit(x, rows.y[fit])
                for confusion, small in zip(confusions, shapes, strict=True):
                    trees = cut(estimator, small.recipe.max_leaf_nodes)
                    said = predict(trees, estimator.classes_, held)
                    np.add.at(confusion, (parts.block[part], rows.y[part], said), 1)
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


def _best_trials(grown: list[list[_Trial]], n: int) -> list[list[_Trial]]:
    return sorted(grown, key=lambda trials: -_quality(trials[0]))[:n]


def _allowed_columns(levels: bool) -> NDArray[np.int64]:
    return np.array([i for i, name in enumerate(POOL) if levels or name not in LEVELS])


def _quality(trial: _Trial) -> float:
    return float(quality(trial.confusion.sum(axis=0)))


def _recipes(budget: Budget, n_classes: int, n_rows: int) -> list[Recipe]:
    budget.check(n_classes)
    leaf_most = max(1, n_rows // 20)
    trees = next((n for n in _TREES if _has_room(budget, n, n_classes)), 1)
    kinds = _FORESTS if trees > 1 else (_TREE,)
    return [
        Recipe(
            kind,
            trees,
            budget.leaves(trees, n_classes),
            budget.depth(trees),
            min(leaf, leaf_most),
            share,
            criterion,
        )
        for (kind, share, criterion), leaf in product(kinds, _LEAVES)
    ]


def _has_room(budget: Budget, trees: int, n_classes: int) -> bool:
    depth = budget.depth(trees)
    deep = depth is None or depth >= _DEPTH_MIN
    return deep and budget.leaves(trees, n_classes) >= _LEAVES_MIN


def _compared(here: list[_Trial], there: list[_Trial], seed: int) -> tuple[float, float, float]:
    # Best quality of both, and the standard error of the distance.
    ours, theirs = (max(trials, key=_quality) for trials in (here, there))
    errors = distances(np.stack([ours.confusion, theirs.confusion]), seed)
    return _quality(ours), _quality(theirs), float(errors.max())


def _decide_levels(trials: list[_Trial], asked: str, n_nodes: int, seed: int) -> Levels:
    on = [t for t in trials if t.shape.levels]
    off = [t for t in trials if not t.shape.levels]
    if asked != "auto":
        best = max(map(_quality, on or off))
        why = f"--levels {asked} was asked for"
        return Levels(asked, bool(on), best if on else None, None if on else best, why)
    with_levels, without, error = _compared(on, off, seed)
    figures = f"{with_levels:.1%} with levels, {without:.1%} without, standard error {error:.1%}"
    if n_nodes > 1:
        used = with_levels >= without
        why = f"on nodes that were not trained on: {figures}"
    else:
        used = without - with_levels <= error
        why = f"one node, a known room: levels unless clearly worse; on held-out time: {figures}"
    return Levels(asked, bool(used), with_levels, without, why)


def _decide_filter(trials: list[_Trial], seed: int) -> bool:
    # A spike of the sensor, which few logs hold, must not reach the model: the median stays unless
    # raw readings are better by three standard errors, as where spikes are a class.
    raw = [t for t in trials if not t.shape.filtered]
    without, with_median, error = _compared(raw, [t for t in trials if t.shape.filtered], seed)
    return without - with_median <= 3 * error


def check_jobs(jobs: int) -> int:
    """``--jobs`` as joblib takes it; 0 is all cores."""
    if jobs < 0:
        raise InputError(f"--jobs {jobs}: 0 is all cores: give 0 or more")
    return jobs or -1
