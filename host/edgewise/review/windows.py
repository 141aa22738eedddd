"""Periods of half an hour in which a model is in doubt, or two models differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.review.proposal import DIFFERENT, UNSURE, Proposal, Span

__all__ = ["Answers", "windows"]

Floats = NDArray[np.float64]
Names = NDArray[np.object_]

_WIDTH_S = 1800  # long enough to remember, short enough to be of one class
_READINGS_MIN = 10  # of a period; a training needs as many of a class
_USEFUL_MIN = 0.2


@dataclass(frozen=True)
class Answers:
    """What the model ``name`` said of n valid readings.

    ``cls``: object[n], None without a class; ``p``: float64[n], confidence 0 to 1, NaN where the
    model said no class; ``known``: bool[n], False where it is not this model that said it.
    ``classes``: those that it can say.
    """

    name: str
    classes: frozenset[str]
    cls: Names
    p: Floats
    known: NDArray[np.bool_]

    def doubt(self) -> Floats:
        """float64[n]: 0 where the model is certain, 1 where it could as well guess."""
        n = max(2, len(self.classes))
        doubt = np.clip((1 - self.p) * n / (n - 1), 0, 1)
        return np.where(np.isnan(doubt), 1.0, doubt)


def windows(
    time_s: Floats, period_s: float, running: Answers, new: Answers | None
) -> list[Proposal]:
    """Return the periods that are useful to label, in order of time.

    ``time_s``: of the readings, in unix seconds, sorted. ``new`` knows the labels better than
    ``running``, so that its doubt counts where it is there.
    """
    judge = new or running
    doubt = judge.doubt()
    differs = _differs(running, new)
    found = []
    for span, rows in _periods(time_s, period_s):
        rows = rows[judge.known[rows]]
        if len(rows) < _READINGS_MIN:
            continue
        unsure, different = float(doubt[rows].mean()), float(differs[rows].mean())
        if max(unsure, different) < _USEFUL_MIN:
            continue
        if new is not None and different >= unsure:
            found.append(_different(span, rows[differs[rows]], running, new, different))
        else:
            found.append(_unsure(span, rows, judge, unsure))
    return found


def _periods(time_s: Floats, period_s: float) -> Iterator[tuple[Span, NDArray[np.int64]]]:
    # Whole ones only, with enough readings.
    if not len(time_s):
        return
    width_s = _WIDTH_S * math.ceil(_READINGS_MIN * period_s / _WIDTH_S)
    numbers, first = np.unique(np.floor(time_s / width_s), return_index=True)
    ends = [*first[1:].tolist(), len(time_s)]
    for number, start, end in zip(numbers.tolist(), first.tolist(), ends, strict=True):
        span = Span(number * width_s, (number + 1) * width_s)
        if end - start >= _READINGS_MIN and time_s[-1] + period_s >= span.to_s:
            yield span, np.arange(start, end)


def _differs(running: Answers, new: Answers | None) -> NDArray[np.bool_]:
    # Only classes that both could say: two models of other classes cannot agree.
    if new is None:
        return np.zeros(len(running.cls), dtype=bool)
    both = [*(running.classes & new.classes)]
    comparable = np.isin(running.cls, both) & np.isin(new.cls, both)
    is_other: NDArray[np.bool_] = np.asarray(running.cls != new.cls, dtype=bool)
    return comparable & running.known & new.known & is_other


def _different(
    span: Span, rows: NDArray[np.int64], running: Answers, new: Answers, share: float
) -> Proposal:
    pairs = Counter(zip(running.cls[rows].tolist(), new.cls[rows].tolist(), strict=True))
    (was, is_now), _ = pairs.most_common(1)[0]
    words = f"{running.name} says {was}, {new.name} says {is_now}"
    return Proposal(span, DIFFERENT, words, is_now, share)


def _unsure(span: Span, rows: NDArray[np.int64], judge: Answers, unsure: float) -> Proposal:
    p = judge.p[rows]
    counts = Counter(name for name in judge.cls[rows].tolist() if name is not None)
    cls = counts.most_common(1)[0][0] if counts else None
    if np.isnan(p).mean() > 0.5:
        words = f"{judge.name} is too unsure to say a class"
    else:
        words = f"{judge.name} is unsure: {np.nanmean(p):.0%} on average"
    return Proposal(span, UNSURE, words, cls, unsure)
