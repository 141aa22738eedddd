"""Train a detector: limits from ordinary readings, for the same package as any classifier."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import FEATURES_MAX, PERIOD_MAX_MS
from edgewise.errors import InputError
from edgewise.features.table import ANY
from edgewise.logs.log import Log
from edgewise.logs.pieces import pieces_of
from edgewise.training import widen
from edgewise.training.detector import NORMAL, UNUSUAL, Alarms, Detector, Limit
from edgewise.training.outlook import with_outlook
from edgewise.training.pool import NO_FILTERS
from edgewise.training.relevance import information_gain
from edgewise.training.result import HeadChoice, Levels, Recipe, Trained, score
from edgewise.training.rows import Rows
from edgewise.training.sequence import Sequence, sequence_of
from edgewise.unusual.limits import Chosen, alarms_of, choose_limits
from edgewise.unusual.tree import chain_tree
from edgewise.unusual.words import FEATURES

__all__ = [
    "add_detector",
    "check_length",
    "detector_model",
    "rows_of",
    "train_detector",
    "whole_sequence",
]

_ROWS_MIN = 300  # five of the longest windows
_LEVELS = Levels("off", False, None, None, "limits are for changes: levels follow the season")


def train_detector(
    fit: Log, test: Log, wanted_per_week: float, seed: int = 0, outlook: bool = True
) -> Trained:
    """Return a detector with limits from ``fit``; its false alarms are counted on ``test``.

    All readings are taken as ordinary, labels are not used. No filter: a median hides spikes; and
    no jump is refused, for it is what the detector is for. ``outlook``: whether it may also
    forecast. Raises InputError for too few readings,
    and where the limits lie beyond what a sensor can measure.
    """
    parts = whole_sequence(fit, fit.period_ms), whole_sequence(test, fit.period_ms)
    train_rows, test_rows = (rows_of(part) for part in parts)
    chosen, validation = _choose(train_rows, wanted_per_week, fit)
    is_unusual = _find_unusual(test_rows, chosen.limits)
    alarms = alarms_of(test_rows, is_unusual, fit.period_ms)
    detector = _detector(chosen, wanted_per_week, alarms)
    trained = detector_model(detector, (fit, test), parts, is_unusual, seed, validation)
    return with_outlook(trained, fit, test) if outlook else trained


def detector_model(
    detector: Detector,
    logs: tuple[Log, Log],
    parts: tuple[Sequence, Sequence],
    is_unusual: NDArray[np.bool_],
    seed: int,
    validation: str = "",
    learn: dict[str, Any] | None = None,
) -> Trained:
    """Return the model that is nothing but a detector.

    ``logs``, ``parts``: training and test part, with the columns `FEATURES`; ``is_unusual``:
    what the detector says of the test part; ``learn``: the head of one that learns on the node.
    """
    features = [limit.feature for limit in detector.limits]
    heads = {"detector": detector.head(features), **({"learn": learn} if learn else {})}
    return Trained(
        estimator=chain_tree([limit.limit for limit in detector.limits], seed),
        recipe=Recipe("DecisionTree", 1, len(features) + 1, None, 1, None, "gini"),
        classes=[NORMAL, UNUSUAL],
        features=features,
        filters=NO_FILTERS,
        period_ms=logs[0].period_ms,
        max_delta=ANY,
        training=_select(parts[0], features),
        testing=_select(parts[1], features),
        cv_balanced_accuracy=math.nan,
        scores=score(parts[1].y, is_unusual.astype(np.int64)),
        s_feature=0.0,
        relevance={},
        candidates=[],
        levels=_LEVELS,
        validation=validation,
        seed=seed,
        detector=detector,
        pieces_train=pieces_of(*logs),
        pieces_test=pieces_of(*reversed(logs)),
        heads=HeadChoice(heads, [], 0),
        labelled=False,
    )


def _select(part: Sequence, features: list[str]) -> Sequence:
    columns = [FEATURES.index(name) for name in features]
    return replace(part, x=part.x[:, columns])


def _find_unusual(rows: Rows, limits: list[Limit]) -> NDArray[np.bool_]:
    # bool[rows]: above one of the limits; ``rows`` have the columns `FEATURES`
    columns = [FEATURES.index(limit.feature) for limit in limits]
    above = rows.x[:, columns] > np.array([limit.limit for limit in limits])
    return np.asarray(above.any(axis=1))


def _detector(chosen: Chosen, wanted_per_week: float, test: Alarms) -> Detector:
    return Detector(
        chosen.limits,
        chosen.quantile,
        chosen.k,
        wanted_per_week,
        chosen.alarms,
        test,
        chosen.care,
    )


def add_detector(trained: Trained, fit: Log, test: Log, wanted_per_week: float) -> Trained:
    """Return a trained classifier with a detector beside its trees.

    Its limits are of what the node makes of ``fit`` with the filters of the classifier, labelled
    or not; false alarms are counted on ``test``. Features that the trees do not use come last.
    Raises InputError for too few readings, for more features than a node takes, and where the
    limits lie beyond what a sensor can measure.
    """

    def sequence(log: Log, features: list[str]) -> Sequence:
        delta, classes = trained.max_delta, trained.classes
        return sequence_of(log, features, trained.filters, trained.period_ms, delta, classes)

    part = sequence(fit, FEATURES)
    chosen, _ = _choose(rows_of(part), wanted_per_week, fit)
    others = [limit.feature for limit in chosen.limits if limit.feature not in trained.features]
    features = [*trained.features, *others]
    if len(features) > FEATURES_MAX:
        raise InputError(
            f"{fit.path}: {len(features)} features with those of the detector, a node takes "
            f"{FEATURES_MAX}: leave out --false-alarms, or lower --max-nodes"
        )
    test_rows = rows_of(sequence(test, FEATURES))
    alarms = alarms_of(test_rows, _find_unusual(test_rows, chosen.limits), fit.period_ms)
    detector = _detector(chosen, wanted_per_week, alarms)
    training, testing = sequence(fit, features), sequence(test, features)
    known = training.labelled
    gain = information_gain(known.x[:, len(trained.features) :], known.y)
    heads = {**trained.heads.heads, "detector": detector.head(features)}
    return replace(
        trained,
        estimator=widen(trained.estimator, len(features)),
        features=features,
        training=training,
        testing=testing,
        relevance=trained.relevance
        | {name: (float(g), 0.0) for name, g in zip(others, gain, strict=True)},
        detector=detector,
        heads=replace(trained.heads, heads=heads),
    )


def rows_of(part: Sequence) -> Rows:
    """Return the readings of a part for what has no memory."""
    return Rows(part.x, part.y, part.time_s, part.node)


def check_length(rows: Rows, fit: Log) -> None:
    """Raise InputError for too few readings."""
    if len(rows.y) < _ROWS_MIN:
        raise InputError(
            f"{fit.path}: {len(rows.y)} readings to train on, {_ROWS_MIN} are needed: "
            "record longer"
        )


def _choose(rows: Rows, wanted_per_week: float, fit: Log) -> tuple[Chosen, str]:
    check_length(rows, fit)
    chosen, validation = choose_limits(rows, FEATURES, wanted_per_week, fit.period_ms)
    if not chosen.limits:
        raise InputError(
            f"{fit.path}: with {wanted_per_week:g} false alarms a week the limits lie beyond what "
            "a sensor measures: allow more with --false-alarms, or leave out days with events"
        )
    return chosen, validation


def whole_sequence(log: Log, period_ms: int) -> Sequence:
    """Return the valid readings of a log with the columns `FEATURES`, all taken as normal."""
    if period_ms > PERIOD_MAX_MS:
        raise InputError(
            f"{log.path}: a reading every {period_ms / 1000:g} s, at least one in "
            f"{PERIOD_MAX_MS // 1000} s is needed: record more often"
        )
    sequence = sequence_of(log, FEATURES, NO_FILTERS, period_ms, ANY, [])
    return replace(sequence, y=np.zeros(len(sequence), dtype=np.int64))
