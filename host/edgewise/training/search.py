"""Search for a model: try trees, leaves, features and filters on held-out parts.

The result is the smallest good one. The search narrows: all recipes are grown on few readings
(`Search._screen`), which also decides the filter; only the best are grown on all and compared.
Forests of all sizes are cut from the same trees.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.training.budget import US_PER_VISIT
from edgewise.training.decisions import decide_filter, decide_levels, decide_weight
from edgewise.training.quality import choose, distances, pareto_front
from edgewise.training.result import Candidate, Filtering, Levels, Recipe
from edgewise.training.shape import WEIGHTS, Shape, list_recipes
from edgewise.training.trial import Trial, Trials, best_groups

__all__ = ["Progress", "Search", "SearchResult", "check_jobs"]

Progress = Callable[[int, int], None]

_BEST_RAW = 3  # of a screen decide about the filter
_BEST_SHAPES = 2  # of a screen are grown on all readings; the best also with other features
_FEATURE_COUNTS = (24, 12)  # the most important features


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
    """Decides what to try next, and what to choose."""

    def __init__(self, trials: Trials, hidden_runs: str = "") -> None:
        """``hidden_runs``: why a median hides a class, see `runs.describe_hidden_runs`."""
        self.trials, self.seed, self.hidden_runs = trials, trials.seed, hidden_runs

    def find(self, levels: str, filters: str, progress: Progress) -> SearchResult:
        """Return the smallest model within half a standard error of the best.

        ``levels``: "auto", "on" or "off"; ``filters``: "auto", "median" or "none". InputError
        where nothing fits the budget.
        """
        trials = self.trials
        recipes = list_recipes(trials.budget, trials.n_classes, len(trials.parts.block))
        total = _count_groups(len(recipes), levels, filters)
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            progress(count, max(total, count))

        shapes = [Shape(recipe, filters != "none", levels != "off") for recipe in recipes]
        best_shapes, filtering = self._screen(shapes, filters, step)
        groups = trials.run(best_shapes, step)
        (best_group,) = best_groups(groups, 1)
        shape = best_group[0].family
        if levels == "auto":
            groups += trials.run([replace(shape, levels=False)], step)
        choice = decide_levels(_flatten(groups), levels, trials.count_nodes(), self.seed)
        if choice.used:
            groups += trials.run([replace(shape, means=True)], step)
        groups_used = [group for group in groups if group[0].shape.levels is choice.used]
        (best_group,) = best_groups(groups_used, 1)
        shape = best_group[0].family
        groups += trials.run([replace(shape, n_features=n) for n in _FEATURE_COUNTS], step)
        return self._choose(_flatten(groups), choice, filtering)

    def _screen(
        self, shapes: list[Shape], filters: str, step: Callable[[], None]
    ) -> tuple[list[Shape], Filtering]:
        # Returns the best shapes on few readings and few seeds, and the filter that they have.
        groups = self.trials.run(shapes, step, is_screen=True)
        raw_shapes = [
            replace(g[0].shape, filtered=False) for g in best_groups(groups, len(groups))
        ]
        if filters == "auto":
            groups += self.trials.run(raw_shapes[:_BEST_RAW], step, is_screen=True)
        trials = [group[0] for group in groups]
        filtering = decide_filter(trials, filters, self.seed, self.hidden_runs)
        filtered = filtering.used == "median"
        if filters == "auto" and not filtered:
            groups += self.trials.run(raw_shapes[_BEST_RAW:], step, is_screen=True)
        groups = [group for group in groups if group[0].shape.filtered is filtered]
        best = best_groups(groups, _BEST_SHAPES)
        best_shapes = [group[0].shape for group in best]
        others = [best_shapes[0].reweight(weight) for weight in WEIGHTS[1:]]
        weighted_groups = [best[0], *self.trials.run(others, step, is_screen=True)]
        weight = decide_weight([group[0] for group in weighted_groups], self.seed)
        return [shape.reweight(weight) for shape in best_shapes], filtering

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
            self.trials.parts.text,
            self.seed,
            self.trials.jobs,
        )


def _flatten(groups: list[list[Trial]]) -> list[Trial]:
    return [trial for group in groups for trial in group]


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
