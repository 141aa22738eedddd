"""The information of a feature about the class, weighted by its use in a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["information_gain", "s_feature"]

_PARTS = 16


def information_gain(x: NDArray[Any], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return float64[features], the bits that each feature tells about the class.

    Each feature is cut into 16 parts with equally many rows. ``x``: number[rows, features], ``y``:
    int[rows].
    """
    from sklearn.metrics import mutual_info_score

    cuts = np.linspace(0, 1, _PARTS + 1)[1:-1]
    gains = [
        mutual_info_score(y, np.searchsorted(np.quantile(c, cuts), c, side="right")) / np.log(2)
        for c in x.T
    ]
    return np.array(gains)


def s_feature(gain: NDArray[np.float64], use: NDArray[np.float64]) -> float:
    """Return the mean gain in bits, weighted by use: sum(w I) / sum(w) of the design."""
    return float((use * gain).sum() / use.sum())
