"""Hours without readings, filled for forecasters that cannot do without them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "fill_gaps"]

DAY = 24
Floats = NDArray[np.float64]


def fill_gaps(y: Floats) -> Floats:
    """Return float64[n] without NaN; ``y`` holds at least one value.

    An hour without readings gets the value of a day before, or of a day later at the beginning.
    An hour that no day has is interpolated between its neighbours.
    """
    if not np.isnan(y).any():
        return y
    days = np.full((-(-len(y) // DAY), DAY), np.nan)
    days.flat[: len(y)] = y
    for order in (range(1, len(days)), range(len(days) - 2, -1, -1)):
        for day in order:
            near = days[day - order.step]
            days[day] = np.where(np.isnan(days[day]), near, days[day])
    full = days.ravel()[: len(y)]
    is_missing = np.isnan(full)
    full[is_missing] = np.interp(
        np.flatnonzero(is_missing), np.flatnonzero(~is_missing), full[~is_missing]
    )
    return full
