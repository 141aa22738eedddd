"""A detector for any room, which learns on the node what is usual there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.detector import Detector as Head
from edgenode.core.learn import Learner
from edgewise.logs.log import Log
from edgewise.training.detector import Alarms, Detector
from edgewise.training.result import Trained
from edgewise.training.sequence import Sequence
from edgewise.unusual.generic import GENERIC
from edgewise.unusual.limits import alarms_of
from edgewise.unusual.training import check_length, detector_model, rows_of, whole_sequence
from edgewise.unusual.words import FEATURES

__all__ = ["LEARN", "train_generic"]

# From so many days of readings on: limits are `times` what is usual there, and at least a `part`
# of the generic ones. The lowest with at most one false alarm a week and node, see docs/models.md.
LEARN = {"days": [1, 2, 7], "part": [2, 4, 8], "times": [3, 3, 2]}
_WANTED_PER_WEEK = 1.0


def train_generic(fit: Log, test: Log, seed: int = 0) -> Trained:
    """Return a detector with the limits `GENERIC` that learns its own ones on the node.

    The logs choose nothing: their false alarms are those of a node that begins to learn with the
    first reading of each. All readings are taken as ordinary. InputError for too few readings.
    """
    period_ms = fit.period_ms
    parts = whole_sequence(fit, period_ms), whole_sequence(test, period_ms)
    check_length(rows_of(parts[0]), fit)
    said = [_unusual(part, period_ms) for part in parts]
    chosen, counted = (
        alarms_of(rows_of(part), is_unusual, period_ms)
        for part, is_unusual in zip(parts, said, strict=True)
    )
    detector = Detector(GENERIC, 1.0, 1.0, _WANTED_PER_WEEK, chosen, counted)
    return detector_model(detector, (fit, test), parts, said[1], seed, learn=LEARN)


def _unusual(part: Sequence, period_ms: int) -> NDArray[np.bool_]:
    # Returns what a node says of each reading, with the node's own code; part has all FEATURES.
    none = Alarms(0, 0.0)
    facts = Detector(GENERIC, 1.0, 1.0, _WANTED_PER_WEEK, none, none).head(FEATURES)
    is_unusual = np.zeros(len(part), dtype=bool)
    head: Any = None
    for i, x in enumerate(part.x.tolist()):
        if not i or part.node[i] != part.node[i - 1]:
            head = Head(facts, FEATURES)
            learner = Learner(LEARN, head, period_ms)
        head.push(x)
        learner.push(x)
        is_unusual[i] = head.is_unusual
    return is_unusual
