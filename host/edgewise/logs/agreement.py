"""Two things that must fit: a log and a model, a training log and a test log."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.logs.resample import resample

__all__ = ["check_classes", "check_overlap", "fit_period", "fold_class"]

_TOLERANCE = 1.2  # a logger's seconds are not those of a node
_OVERLAP_SHARE = 0.05  # by chance two rooms have an equal reading in the same second


def fit_period(log: Log, period_ms: int, whose: str, is_resampled: bool) -> Log:
    """Return a log with about the period of ``whose``; with ``is_resampled`` it is made so.

    Raises InputError with both periods.
    """
    if not log.period_ms or 1 / _TOLERANCE <= log.period_ms / period_ms <= _TOLERANCE:
        return log
    if is_resampled:
        return resample(log, period_ms)
    raise InputError(
        f"{log.path}: a reading every {log.period_ms / 1000:g} s, {whose} has one every "
        f"{period_ms / 1000:g} s: --resample takes one every {period_ms / 1000:g} s"
    )


def check_classes(log: Log, classes: Iterable[str], whose: str) -> None:
    """Raise InputError for labels that ``whose`` does not know; both sets are named."""
    known = list(classes)
    if log.label is None:
        return
    found = sorted({cls for cls in log.label[log.valid].tolist() if cls is not None})
    new = [cls for cls in found if cls not in known]
    if not new:
        return
    folded = {fold_class(cls): cls for cls in known}
    near = [f"{cls!r} for {folded[fold_class(cls)]!r}" for cls in new if fold_class(cls) in folded]
    hint = f"; the spelling differs: {', '.join(near)}" if near else ""
    raise InputError(
        f"{log.path}: column {log.label_name} has the classes {', '.join(found)}, {whose} has "
        f"{', '.join(known)}{hint}: rename the classes, or name another column with --label"
    )


def fold_class(cls: str) -> str:
    """Return a class name without what people write in two ways: case, blanks, _ and -."""
    return "".join(c for c in cls.casefold() if c not in " _-\t\u00a0")


def check_overlap(training: Log, test: Log) -> None:
    """Raise InputError where readings of the test are in the training."""
    keys = [
        set(zip(log.time_s.tolist(), log.t_dc.tolist(), log.h_pm.tolist(), strict=True))
        for log in (training.select(training.valid), test.select(test.valid))
    ]
    n = len(keys[0] & keys[1])
    if n > _OVERLAP_SHARE * len(keys[1]):
        first = min(time_s for time_s, _, _ in keys[0] & keys[1])
        row = int(np.flatnonzero(test.time_s == first)[0])
        raise InputError(
            f"{test.path}:{test.line[row]}: {n} of {len(keys[1])} test readings are in "
            f"{training.path} as well: a test needs readings that the training never saw; leave "
            "--test out to test on the last 30 %"
        )
