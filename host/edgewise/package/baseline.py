"""The baseline of a model: how its features and its confidence spread over the training data, and
how far a single day of the training data differs from the whole.

The population stability index (PSI) of a day is large by nature, because a day is not a sample of
a week. Single days of the office log have a PSI of up to 4 against the whole log, and the alarm of
the textbook is at 0.25. So the limit for a day comes from the days of the training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError

__all__ = ["CONFIDENCE", "DAY_S", "Spread", "baseline_of", "days_of", "spreads_of"]

CONFIDENCE = "confidence"
DAY_S = 86400
_PARTS = 10
_PSEUDO_COUNT = 0.5  # readings, added to each part so that none is empty
_LIMIT_MIN = 0.25  # PSI from which a shift counts as significant (Siddiqi, Credit Risk Scorecards)
_FACTOR = 2.0  # times the largest PSI of a training day

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Spread:
    """The spread of a quantity in the training data.

    ``edges``: between its tenths; ``n``: readings in each of the len(edges) + 1 parts; ``usual``:
    the largest PSI of a training day, None without a day.
    """

    edges: list[int]
    n: list[int]
    usual: float | None

    def psi(self, values: Numbers) -> float:
        """Return the PSI of ``values``, whole numbers, against the training data."""
        p, q = (_count_shares(n) for n in (_count(self.edges, values), np.array(self.n)))
        return float(((p - q) * np.log(p / q)).sum())

    @property
    def limit(self) -> float | None:
        """The PSI from which a day differs from the training; None where ``usual`` is None."""
        return None if self.usual is None else max(_LIMIT_MIN, _FACTOR * self.usual)


def baseline_of(
    x: NDArray[np.int16],
    features: list[str],
    p_pc: NDArray[np.int64],
    time_s: NDArray[np.float64],
    node: NDArray[Any],
    period_ms: int,
) -> dict[str, Any]:
    """Return the spreads of the training rows for baseline.json: features, confidence in percent.

    ``x``: int16[rows, features]; the other arrays have one value for each row.
    """
    days = [rows for rows in days_of(time_s, node) if len(rows) >= _half_a_day(period_ms)]
    columns = {n: x[:, i] for i, n in enumerate(features)} | {CONFIDENCE: p_pc}
    return {name: asdict(_spread(values, days)) for name, values in columns.items()}


def spreads_of(baseline: Mapping[str, Any], needed: Iterable[str] = ()) -> dict[str, Spread]:
    """Return the spreads in a baseline by the name of the feature, or `CONFIDENCE`.

    InputError for one that `baseline_of` cannot have made, or that lacks a ``needed`` name.
    """
    for name in needed:
        if name not in baseline:
            raise InputError(f"baseline.json: lacks {name}: train again")
    return {name: _check_spread(name, facts) for name, facts in baseline.items()}


def _check_spread(name: str, facts: Any) -> Spread:
    try:
        spread = Spread(**facts)
        edges, n = np.array(spread.edges, dtype=np.int64), np.array(spread.n, dtype=np.int64)
        is_valid = len(n) == len(edges) + 1 and (np.diff(edges) > 0).all() and (n >= 0).all()
        usual = 0.0 if spread.usual is None else float(spread.usual)
    except (TypeError, ValueError, OverflowError):
        is_valid = False
    if not is_valid or not math.isfinite(usual):
        raise InputError(f"baseline.json: {name}: not the spread of a feature: train again")
    return spread


def days_of(time_s: NDArray[np.float64], node: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return the row numbers of each UTC day of each node."""
    keys = [f"{day} {name}" for day, name in zip(time_s // DAY_S, node.tolist(), strict=True)]
    _, group = np.unique(np.array(keys), return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if keys else []


def _half_a_day(period_ms: int) -> float:
    return DAY_S * 1000 / max(1, period_ms) / 2


def _spread(values: Numbers, days: list[NDArray[np.int64]]) -> Spread:
    cuts = np.quantile(values, np.arange(1, _PARTS) / _PARTS, method="inverted_cdf")
    edges = np.unique(cuts).astype(int).tolist()
    whole = Spread(edges, _count(edges, values).tolist(), None)
    day_psi = [whole.psi(values[rows]) for rows in days] if len(days) > 1 else []
    usual = round(max(day_psi), 4) if day_psi else None
    return Spread(whole.edges, whole.n, usual)


def _count(edges: list[int], values: Numbers) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)


def _count_shares(n: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((n + _PSEUDO_COUNT) / (n.sum() + _PSEUDO_COUNT * len(n)), dtype=np.float64)
