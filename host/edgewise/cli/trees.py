"""``edgewise train``: search for trees on labelled readings, and write their package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.cli.trained import forecast_lines, quality_lines, say_search
from edgewise.cli.unlabelled import say_limits
from edgewise.console import progress_bar, say

if TYPE_CHECKING:
    from edgewise.cli.training_source import Parts
    from edgewise.package.form import Form
    from edgewise.training import Budget, Options, Trained

__all__ = ["search_trees", "write_trees"]


def search_trees(parts: Parts, budget: Budget, options: Options, seed: int, jobs: int) -> Trained:
    """Return the trees that a search has chosen; ``jobs``: threads, 0 is one for each core."""
    from edgewise.training import train

    training, testing, _ = parts
    say(
        f"training on {len(training.time_s)} readings, testing on {len(testing.time_s)}, "
        "temperature and humidity only"
    )
    with progress_bar("searching") as step:
        return train(training, testing, budget, options, seed, jobs, step)


def write_trees(
    trained: Trained, parts: Parts, false_alarms: str | None, out: Path, form: Form
) -> dict[str, Any]:
    """Write the package of trees and return its model.json; say what they are worth.

    ``false_alarms``: of a detector beside the trees, None for none.
    """
    from edgewise.compile import compile_model
    from edgewise.unusual.rate import per_week
    from edgewise.unusual.training import add_detector

    training, testing, data = parts
    if false_alarms is not None:
        trained = add_detector(trained, training, testing, per_week(false_alarms))
    say_search(trained)
    with progress_bar("compiling, and comparing with scikit-learn"):
        info = compile_model(trained, out, data, form)
    say(
        f"{trained.recipe}, class weights {trained.recipe.class_weight}, {info['nodes']} nodes, "
        f"{info['bytes']} bytes, form {info['form']}; the same as scikit-learn on "
        f"{info['checked']['rows']} rows and {info['checked']['thresholds']} thresholds"
    )
    for line in [*quality_lines(info), *forecast_lines(info)]:
        say(line)
    if trained.detector is not None and false_alarms is not None:
        say_limits(trained.detector, trained.period_ms, false_alarms)
    return info
