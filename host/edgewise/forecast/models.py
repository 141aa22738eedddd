"""The forecasters that compete: a day like yesterday, AutoETS and Prophet.

Each takes the middle of the hours (float64[n], unix seconds) and their means (float64[n], NaN
without a reading) and returns float64[24], the next day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.toolchain import extras

__all__ = ["DAY", "MODELS", "check_installed"]

DAY = 24
_WEEK = 7 * DAY
Floats = NDArray[np.float64]


def check_installed() -> None:
    """Raise OutsideError if the extra packages are missing; silence their log messages."""
    # prophet warns that interactive plots do not work; cmdstanpy logs the start and end of chains
    for name in ("prophet.plot", "cmdstanpy"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())  # without a handler cmdstanpy sets its own level
        logger.setLevel(logging.CRITICAL)
    extras.require("forecast")


def seasonal_naive(ts: Floats, y: Floats) -> Floats:
    """Each hour gets the value of the same hour a day before."""
    from statsforecast.models import SeasonalNaive

    return _statsforecast(SeasonalNaive(season_length=DAY), y)


def auto_ets(ts: Floats, y: Floats) -> Floats:
    """Exponential smoothing with a daily season; error, trend and season chosen by AICc."""
    from statsforecast.models import AutoETS

    return _statsforecast(AutoETS(season_length=DAY), y)


def prophet(ts: Floats, y: Floats) -> Floats:
    """Prophet with a daily season, and a weekly season if there are two weeks or more."""
    import pandas as pd
    from prophet import Prophet

    model = Prophet(
        daily_seasonality=True,
        weekly_seasonality=len(y) >= 2 * _WEEK,
        yearly_seasonality=False,
        uncertainty_samples=0,
    )
    seconds = pd.to_datetime(ts, unit="s")
    model.fit(pd.DataFrame({"ds": seconds, "y": y}).dropna())
    ahead = seconds[-1] + pd.to_timedelta(np.arange(1, DAY + 1), unit="h")
    return np.asarray(model.predict(pd.DataFrame({"ds": ahead}))["yhat"], dtype=np.float64)


def _statsforecast(model: Any, y: Floats) -> Floats:
    return np.asarray(model.forecast(y=_fill_gaps(y), h=DAY)["mean"], dtype=np.float64)


def _fill_gaps(y: Floats) -> Floats:
    # An hour without readings gets the value of a day before, or of a day later at the beginning.
    # An hour that no day has is interpolated between its neighbours.
    full = y.copy()
    for order in (range(DAY, len(y)), range(len(y) - DAY - 1, -1, -1)):
        step = -DAY if order.step > 0 else DAY
        for i in order:
            if np.isnan(full[i]):
                full[i] = full[i + step]
    is_missing = np.isnan(full)
    full[is_missing] = np.interp(
        np.flatnonzero(is_missing), np.flatnonzero(~is_missing), full[~is_missing]
    )
    return full


# The simplest first: of two equally good ones the first is chosen.
MODELS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "SeasonalNaive": seasonal_naive,
    "AutoETS": auto_ets,
    "Prophet": prophet,
}
