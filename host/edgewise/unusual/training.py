"""Train a detector: limits from ordinary readings, for the same package as any classifier."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edgenode.core.loader import PERIOD_MAX_MS
from edgewise.errors import InputError
from edgewise.features.table import ANY
from edgewise.logs.log import Log
from edgewise.training.detector import NORMAL, UNUSUAL, Detector
from edgewise.training.outlook import with_outlook
from edgewise.training.pool import NO_FILTERS
from edgewise.training.result import Levels, Recipe, Trained, score
from edgewise.training.rows import Rows
from edgewise.training.sequence import Sequence, sequence_of
from edgewise.unusual.limits import alarms_of, choose_limits
from edgewise.unusual.tree import chain_tree
from edgewise.unusual.words import FEATURES

__all__ = ["days_needed", "train_detector"]

_ROWS_MIN = 300  # five of the longest windows
_DAYS_MIN = 2
_WEEK_DAYS = 7
_LEVELS = Levels("off", False, None, None, "limits are for changes: levels follow the season")


def days_needed(wanted_per_week: float) -> float:
    """Return the days of readings in which one wanted alarm is expected, at least two."""
    return max(float(_DAYS_MIN), _WEEK_DAYS / wanted_per_week)


def train_detector(
    fit: Log, test: Log, wanted_per_week: float, seed: int = 0, outlook: bool = True
) -> Trained:
    """Return a detector with limits from ``fit``; its false alarms are counted on ``test``.

    All readings are taken as ordinary, labels are not used. No filter: a median hides spikes; and
    no jump is refused, for it is what the detector is for. ``outlook``: whether it may also
    forecast. Raises InputError for too few readings,
    and where the limits lie beyond what a sensor can measure.
    """
    train_part, test_part = _sequence(fit, fit.period_ms), _sequence(test, fit.period_ms)
    train_rows, test_rows = (Rows(p.x, p.y, p.time_s, p.node) for p in (train_part, test_part))
    if len(train_rows.y) < _ROWS_MIN:
        raise InputError(
            f"{fit.path}: {len(train_rows.y)} readings to train on, {_ROWS_MIN} are needed: "
            "record longer"
        )
    chosen, validation = choose_limits(train_rows, FEATURES, wanted_per_week, fit.period_ms)
    if not chosen.limits:
        raise InputError(
            f"{fit.path}: with {wanted_per_week:g} false alarms a week the limits lie beyond what "
            "a sensor measures: allow more with --false-alarms, or leave out days with events"
        )
    features = [limit.feature for limit in chosen.limits]
    columns = [FEATURES.index(name) for name in features]
    estimator = chain_tree([limit.limit for limit in chosen.limits], seed)
    x, x_test = train_rows.x[:, columns], test_rows.x[:, columns]
    predicted = estimator.predict(x_test) if len(x_test) else np.zeros(0, dtype=np.int64)
    detector = Detector(
        chosen.limits,
        chosen.quantile,
        chosen.k,
        wanted_per_week,
        chosen.alarms,
        alarms_of(test_rows, predicted == 1, fit.period_ms),
    )
    trained = Trained(
        estimator=estimator,
        recipe=Recipe("DecisionTree", 1, len(features) + 1, None, 1, None, "gini"),
        classes=[NORMAL, UNUSUAL],
        features=features,
        filters=NO_FILTERS,
        period_ms=fit.period_ms,
        max_delta=ANY,
        training=replace(train_part, x=x),
        testing=replace(test_part, x=x_test),
        cv_balanced_accuracy=math.nan,
        scores=score(test_rows.y, predicted),
        s_feature=0.0,
        relevance={},
        candidates=[],
        levels=_LEVELS,
        validation=validation,
        seed=seed,
        detector=detector,
    )
    return with_outlook(trained, fit, test) if outlook else trained


def _sequence(log: Log, period_ms: int) -> Sequence:
    # The valid readings of a log, all taken as normal.
    if period_ms > PERIOD_MAX_MS:
        raise InputError(
            f"{log.path}: a reading every {period_ms / 1000:g} s, at least one in "
            f"{PERIOD_MAX_MS // 1000} s is needed: record more often"
        )
    sequence = sequence_of(log, FEATURES, NO_FILTERS, period_ms, ANY, [])
    return replace(sequence, y=np.zeros(len(sequence), dtype=np.int64))
