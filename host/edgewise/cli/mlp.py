"""``edgewise train --kind mlp``: an int8 network beside the trees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.cli.trained import forecast_lines, quality_lines, say_search
from edgewise.console import progress_bar, say
from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.training import Trained

__all__ = ["check_mlp", "train_mlp"]


def check_mlp(unlabelled: bool, false_alarms: str | None, is_limited: bool) -> None:
    """Raise InputError for options that are not for networks.

    ``is_limited``: whether there is an option that limits or changes trees.
    """
    if unlabelled:
        raise InputError("--kind mlp needs labels, --unlabelled has none: leave one out")
    if false_alarms is not None:
        raise InputError("--false-alarms is a detector beside trees: leave out --kind mlp")
    if is_limited:
        raise InputError(
            "--kind mlp: --max-nodes, --max-bytes, --max-us, --form, --temporal and --unsure are "
            "for trees: leave them out"
        )


def train_mlp(trained: Trained, out: Path, data: dict[str, str]) -> dict[str, Any]:
    """Write the package of a network beside trained trees and return its model.json.

    ``data``: file name -> SHA-256 of the training logs.
    """
    from edgewise.compile import CANDIDATES, compile_trained_network, train_network

    with progress_bar("fitting networks") as step:
        counts = iter(range(1, CANDIDATES + 1))
        fitted = train_network(trained, lambda: step(next(counts), CANDIDATES))
    say_search(fitted.trained)
    with progress_bar("compiling, and comparing the runtimes"):
        info = compile_trained_network(fitted, out, data)
    checked = info["checked"]
    say(
        f"int8 {fitted.recipe}, {info['visits']:g} products, {info['table_bytes']} bytes; "
        f"the same as LiteRT's reference kernels on {checked['rows']} rows and on both sides of "
        f"{checked['thresholds']} steps of its layers"
    )
    for line in [*quality_lines(info), *forecast_lines(info)]:
        say(line)
    return info
