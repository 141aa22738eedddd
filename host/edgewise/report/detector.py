"""What the report says of a detector: its limits, and its false alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.package.heads import is_alone
from edgewise.training.detector import Alarms, Detector
from edgewise.unusual.words import (
    amount,
    describe_care,
    describe_factor,
    describe_learn,
    describe_limit,
)

__all__ = ["effect", "false_alarms", "limit_rows", "summary"]


def summary(detector: Detector, learn: Mapping[str, list[int]] | None = None) -> str:
    """Return how the limits came about; ``learn``: the head of a model that learns on the node."""
    if learn:
        return (
            "A reading is unusual where one of these values is above its limit. These limits are "
            f"for any room: {describe_learn(learn)}. Usual is the second largest value of the "
            "last seven days of readings (with up to three days, the largest)."
        )
    care = describe_care(detector)
    return (
        "A reading is unusual where one of these values is above its limit: "
        f"{describe_factor(detector)} in the training part{f' ({care})' if care else ''}. All its "
        "readings count as ordinary: nobody labelled them."
    )


def effect(info: dict[str, Any]) -> str:
    """Return what the node makes of the limits."""
    if "detector" not in (info.get("heads") or {}):
        return "The node reports the class unusual."
    class_text = "the class unusual and " if is_alone(info) else ""
    filters = ", ".join(next(iter(f)) for f in info["filters"])
    hidden = f" Its readings pass the filter {filters}, which hides spikes." if filters else ""
    return (
        f"The node reports {class_text}in u how unusual each reading is: 1 is at a limit. It "
        f"sends an event when an episode begins and when it ends.{hidden}"
    )


def limit_rows(detector: Detector, period_ms: int) -> list[list[str]]:
    """Return feature, usual, limit and a sentence for each limit."""
    return [
        [
            limit.feature,
            amount(limit.feature, limit.usual, period_ms),
            amount(limit.feature, limit.limit, period_ms),
            describe_limit(limit, period_ms),
        ]
        for limit in detector.limits
    ]


def false_alarms(detector: Detector, learns: bool = False) -> list[list[str]]:
    """Return what was asked for, and the episodes on readings that took no part in the limits.

    ``learns``: whether the model learns on the node; then no part chose anything.
    """
    if learns:
        return [
            ["training part, learnt from its first reading on", *_figures(detector.chosen)],
            ["test part, learnt from its first reading on", *_figures(detector.test)],
        ]
    return [
        ["asked for", "", "", f"at most {detector.wanted_per_week:.2g}"],
        ["held out, to choose the limits", *_figures(detector.chosen)],
        ["test part, not used for the choice", *_figures(detector.test)],
    ]


def _figures(alarms: Alarms) -> list[str]:
    rate = alarms.per_week
    return [
        str(alarms.episodes),
        f"{alarms.days:.1f}",
        "unknown" if rate is None else f"{rate:.2g}",
    ]
