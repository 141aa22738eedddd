"""``edgewise train --unlabelled``: limits from ordinary readings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.cli.trained import forecast_lines
from edgewise.console import progress_bar, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgewise.cli.training_source import Parts
    from edgewise.logs.log import Log
    from edgewise.package.form import Form
    from edgewise.training import Trained
    from edgewise.training.detector import Detector

__all__ = [
    "DEFAULT_RATE",
    "say_limits",
    "train_first_week",
    "train_unlabelled",
]

DEFAULT_RATE = "1/week"
_LABELS_MAX = 16


def train_unlabelled(
    parts: Parts,
    rate: str,
    seed: int,
    out: Path,
    form: Form,
    outlook: bool = True,
) -> dict[str, Any]:
    """Write the package of a detector and return its model.json; say what it learned.

    ``parts``: the training part, the test part, and the SHA-256 of what they come from;
    ``outlook``: whether it may also forecast.
    """
    from edgewise.compile import compile_model
    from edgewise.unusual.rate import per_week
    from edgewise.unusual.training import train_detector

    training, testing, data = parts
    wanted = per_week(rate)
    say(
        f"limits from {len(training)} readings, false alarms counted on {len(testing)} others; "
        "labels are not used"
    )
    with progress_bar("looking for limits"):
        trained = train_detector(training, testing, wanted, seed, outlook)
    detector = trained.detector
    with progress_bar("compiling, and comparing with scikit-learn"):
        info = compile_model(trained, out, data, form)
    if detector is None:
        return info
    say_limits(detector, trained.period_ms, rate, trained.validation)
    for line in [*_on_labels(trained, training, testing), *trained.heads.why]:
        say(line)
    for line in forecast_lines(info):
        say(line)
    say(_comparison(info))
    return info


def train_first_week(parts: Parts, seed: int, out: Path, form: Form) -> dict[str, Any]:
    """Write the package of a detector that learns on the node and return its model.json."""
    from edgewise.compile import compile_model
    from edgewise.unusual.first_week import LEARN, train_generic
    from edgewise.unusual.words import describe_learn, describe_limit

    training, testing, data = parts
    with progress_bar("learning from the log"):
        trained = train_generic(training, testing, seed)
    detector = trained.detector
    with progress_bar("compiling, and comparing with scikit-learn"):
        info = compile_model(trained, out, data, form)
    if detector is None:
        return info
    for limit in detector.limits:
        say(describe_limit(limit, trained.period_ms))
    say(describe_learn(LEARN))
    say(
        f"false alarms of a node that learns from the first row on: {detector.chosen.episodes} in "
        f"{detector.chosen.days:.1f} days, {detector.test.episodes} in {detector.test.days:.1f} "
        "days of the test part"
    )
    say(_comparison(info))
    return info


def _comparison(info: dict[str, Any]) -> str:
    return (
        f"{info['table_bytes']} bytes of tables, form {info['form']}; the same as scikit-learn on "
        f"{info['checked']['rows']} rows and {info['checked']['thresholds']} thresholds"
    )


def say_limits(detector: Detector, period_ms: int, rate: str, validation: str = "") -> None:
    """Say the limits of a detector, and its false alarms against the wanted ``rate``.

    ``validation``: what was held out, for people.
    """
    from edgewise.features.splitting import TEST_SHARE
    from edgewise.unusual.care import days_needed
    from edgewise.unusual.words import FEATURES, describe_care, describe_factor, describe_limit

    for limit in detector.limits:
        say(describe_limit(limit, period_ms))
    names = [limit.feature for limit in detector.limits]
    if missing := [name for name in FEATURES if name not in names]:
        say(f"no limit for {', '.join(missing)}: never moves, or no reading could cross it")
    held_out = f": {validation}" if validation else ""
    say(f"limits are {describe_factor(detector)}, chosen on held-out parts{held_out}")
    if care := describe_care(detector):
        say(care)
    say(f"false alarms: {_rates(detector)}; wanted at most {rate}")
    test_rate = detector.test.per_week or 0.0
    if detector.test.episodes > 1 and test_rate > detector.wanted_per_week:
        say(f"more than wanted in the test part: {test_rate:.1f} a week; expect that rate")
    needed = days_needed(detector.wanted_per_week)
    if detector.chosen.days < needed:
        say(
            f"too short to promise {rate}: {detector.chosen.days:.1f} days to choose on, "
            f"{needed:.0f} are needed: record {math.ceil(needed / (1 - TEST_SHARE))} days in all "
            "and train again"
        )


def _rates(detector: Detector) -> str:
    chosen, test = detector.chosen, detector.test
    text = f"{chosen.episodes} in {chosen.days:.1f} held-out days"
    if not test.days:
        return f"{text}, no test part"
    return f"{text}, {test.episodes} in {test.days:.1f} days of the test part"


def _on_labels(trained: Trained, *logs: Log) -> list[str]:
    # Returns how the unusual readings fall on each label of the log; labels chose nothing.
    import numpy as np

    parts = zip(
        logs,
        (trained.training, trained.testing),
        strict=True,
    )
    pairs: list[tuple[str, bool]] = []
    for log, part in parts:
        if log.label is None or not len(part):
            continue
        label = _labels_of(log, log.label, part.time_s, part.node)
        pairs += zip(label, (trained.estimator.predict(part.x) == 1).tolist(), strict=True)
    names = sorted({name for name, _ in pairs if name})
    lines = []
    for name in names:
        hits = np.array([hit for cls, hit in pairs if cls == name])
        lines.append(f"label {name}: {int(hits.sum())} of {len(hits)} readings are unusual")
    return lines[:_LABELS_MAX]


def _labels_of(
    log: Log, label: NDArray[Any], time_s: NDArray[np.float64], node: NDArray[Any]
) -> list[str]:
    keys = zip(log.node.tolist(), log.time_s.tolist(), strict=True)
    by_key = dict(zip(keys, label.tolist(), strict=True))
    return [by_key[key] or "" for key in zip(node.tolist(), time_s.tolist(), strict=True)]
