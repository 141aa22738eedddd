"""Care with a short log: its quiet days are no promise, so no limit is below certain values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgewise.training.detector import Care
from edgewise.unusual.generic import GENERIC

__all__ = ["care_for", "days_needed", "least_limits"]

_WEEK_DAYS = 7
_DAYS_MIN = 2
# From so many wanted alarms expected in the log on. At 1/week: 1 day, 2 days, 1 week, 2 weeks. The
# factors and parts are those of `first_week.LEARN`, which other rooms confirmed.
_STAGES = (
    (2.0, Care()),
    (1.0, Care(part=8)),
    (2 / 7, Care(times=3, part=4)),
    (1 / 7, Care(times=3, part=2)),
    (0.0, Care(times=3, part=1)),
)


def days_needed(wanted_per_week: float) -> float:
    """Return the days of readings in which one wanted alarm is expected, at least two."""
    return max(float(_DAYS_MIN), _WEEK_DAYS / wanted_per_week)


def care_for(days: float, wanted_per_week: float) -> Care:
    """Return the care for limits from so many days of readings."""
    expected = wanted_per_week * days / _WEEK_DAYS
    return next(care for least, care in _STAGES if expected >= least)


def least_limits(x: NDArray[np.int64], features: list[str], care: Care) -> NDArray[np.int64]:
    """Return int[features], below which no limit from ``x``: int[rows, features] may be."""
    parts = [-(-_generic(f, care.part) // care.part) if care.part else 0 for f in features]
    return np.asarray(np.maximum(care.times * x.max(axis=0, initial=0), parts))


def _generic(feature: str, part: int) -> int:
    # How long readings stay the same depends on the hour and on the room: the node counts as far
    # as the generic limit, so a part of it says nothing. Within a day no limit is known.
    if part > 1 and "_since" in feature:
        return 0
    return next((limit.limit for limit in GENERIC if limit.feature == feature), 0)
