"""What a model has seen: how its features and its confidence spread over the training data, and
how far a single day of the training data lies from all of it.

The population stability index (PSI) of a day is large by nature, since a day is not a sample of a
week: single days of the office log lie up to 4 from all of them, where 0.25 is the textbook's
alarm. So a day is judged by the training's own days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENCE", "DAY_S", "Spread", "baseline_of", "days_of", "spreads_of"]

CONFIDENCE = "confidence"
DAY_S = 86400
_PARTS = 10
_NONE = 0.5  # of a reading, in a part that holds none
_LEAST = 0.25  # PSI from which on a difference is called one (Siddiqi, Credit Risk Scorecards)
_FACTOR = 2.0  # times the largest of the training's days

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Spread:
    """A quantity in the training data: ``edges`` of its tenths, readings ``n`` in each of the
    len(edges) + 1 parts, ``usual``: the largest PSI of a training day, None without a day."""

    edges: list[int]
    n: list[int]
    usual: float | None

    def psi(self, values: Numbers) -> float:
        """Population stability index of ``values``, whole numbers, against the training data."""
        p, q = (_count_shares(n) for n in (_count(self.edges, values), np.array(self.n)))
        return float(((p - q) * np.log(p / q)).sum())

    @property
    def limit(self) -> float | None:
        """The PSI from which on a day is unlike the training; None where nothing can be said."""
        return None if self.usual is None else max(_LEAST, _FACTOR * self.usual)


def baseline_of(
    x: NDArray[np.int16],
    features: list[str],
    p_pc: NDArray[np.int64],
    time_s: NDArray[np.float64],
    node: NDArray[Any],
    period_ms: int,
) -> dict[str, Any]:
    """What a package keeps of its training rows: features, and confidence in percent.

    ``x``: int16[rows, features]; the others have a value a row.
    """
    days = [rows for rows in days_of(time_s, node) if len(rows) >= _half_a_day(period_ms)]
    named = {n: x[:, i] for i, n in enumerate(features)} | {CONFIDENCE: p_pc}
    return {name: asdict(_spread(values, days)) for name, values in named.items()}


def spreads_of(kept: Mapping[str, Any]) -> dict[str, Spread]:
    """The same as objects, by the name of the feature, the confidence among them."""
    return {name: Spread(**said) for name, said in kept.items()}


def days_of(time_s: NDArray[np.float64], node: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Row numbers of each node's each UTC day."""
    keys = [f"{day} {name}" for day, name in zip(time_s // DAY_S, node.tolist(), strict=True)]
    _, which = np.unique(np.array(keys), return_inverse=True)
    order = np.argsort(which, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(which[order])) + 1) if keys else []


def _half_a_day(period_ms: int) -> float:
    return DAY_S * 1000 / max(1, period_ms) / 2


def _spread(values: Numbers, days: list[NDArray[np.int64]]) -> Spread:
    cuts = np.quantile(values, np.arange(1, _PARTS) / _PARTS, method="inverted_cdf")
    edges = np.unique(cuts).astype(int).tolist()
    whole = Spread(edges, _count(edges, values).tolist(), None)
    found = [whole.psi(values[rows]) for rows in days] if len(days) > 1 else []
    usual = round(max(found), 4) if found else None
    return Spread(whole.edges, whole.n, usual)


def _count(edges: list[int], values: Numbers) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)


def _count_shares(n: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((n + _NONE) / (n.sum() + _NONE * len(n)), dtype=np.float64)
