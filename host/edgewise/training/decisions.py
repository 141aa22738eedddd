"""The decisions of a search: levels, filter and weights of the classes, each with its reason."""

from __future__ import annotations

import numpy as np

from edgewise.training.quality import distances
from edgewise.training.result import Filtering, Levels
from edgewise.training.trial import Trial

__all__ = ["decide_filter", "decide_levels", "decide_weight"]


def _compare(trials: list[Trial], others: list[Trial], seed: int) -> tuple[float, float, float]:
    # Returns the best quality of each list and the standard error of their distance.
    best, other = (max(group, key=lambda t: t.quality) for group in (trials, others))
    errors = distances(np.stack([best.confusion, other.confusion]), seed)
    return best.quality, other.quality, float(errors.max())


def decide_levels(trials: list[Trial], option: str, n_nodes: int, seed: int) -> Levels:
    on = [t for t in trials if t.shape.levels]
    off = [t for t in trials if not t.shape.levels]
    if option != "auto":
        best = max(t.quality for t in on or off)
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


def decide_filter(trials: list[Trial], option: str, seed: int, hidden_runs: str = "") -> Filtering:
    # The median filter keeps spikes of the sensor away from the model. Few logs hold spikes, so
    # the filter stays unless raw readings are better by three standard errors. Where a class
    # often lasts a single reading (hidden_runs says so), it must be better than raw readings.
    filtered = [t for t in trials if t.shape.filtered]
    raw = [t for t in trials if not t.shape.filtered]
    if option != "auto":
        best = max(t.quality for t in filtered or raw)
        why = f"--filters {option} was asked for"
        return Filtering(option, option, best if filtered else None, best if raw else None, why)
    without, with_median, error = _compare(raw, filtered, seed)
    margin = 0 if hidden_runs else 3 * error
    used = "median" if without - with_median <= margin else "none"
    why = (
        f"{hidden_runs or 'a median stays unless clearly worse'}; on held-out readings: "
        f"{with_median:.1%} with it, {without:.1%} without, standard error {error:.1%}"
    )
    return Filtering(option, used, with_median, without, why)


def decide_weight(trials: list[Trial], seed: int) -> str:
    # The first trial has the usual weights. The differences are mostly noise, and the best of
    # many is often the luckiest: as with the filter, three standard errors are asked for.
    best = max(trials, key=lambda t: t.quality)
    with_best, with_usual, error = _compare([best], trials[:1], seed)
    chosen = best if with_best - with_usual > 3 * error else trials[0]
    return chosen.shape.recipe.class_weight
