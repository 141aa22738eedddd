"""The forecasters that compete: a day like yesterday, AutoETS and Prophet.

Each takes the middle of the hours (float64[n], unix seconds) and their means (float64[n], NaN
without a reading) and returns float64[24], the next day. AutoETS is fitted first: its fit holds
for later hours too, and can be kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.forecast.gaps import DAY, fill_gaps
from edgewise.toolchain import extras

__all__ = [
    "AUTO_ETS",
    "MODELS",
    "NAIVE",
    "PROPHET",
    "Ets",
    "Forecaster",
    "check_installed",
    "fit_ets",
]

_WEEK = 7 * DAY
NAIVE, AUTO_ETS, PROPHET = "SeasonalNaive", "AutoETS", "Prophet"
Floats = NDArray[np.float64]
Forecaster = Callable[[Floats, Floats], Floats]


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


@dataclass(frozen=True)
class Ets:
    """Exponential smoothing with a daily season, fitted to the hours from some first hour on.

    ``components``: error, trend, season and D for a damped trend, such as AAAD. ``parameters``:
    alpha, beta, gamma, phi (NaN: it has none) and the state before the first hour.
    """

    components: str
    parameters: tuple[float, ...]

    def __call__(self, ts: Floats, y: Floats) -> Floats:
        """Forecast from the same first hour, or one that is whole days later."""
        from statsforecast.models import AutoETS

        model = AutoETS(season_length=DAY)
        n_parameters = sum(not np.isnan(value) for value in self.parameters)
        model.model_ = {
            "m": DAY,
            "components": self.components,
            "par": np.array(self.parameters),
            "n_params": n_parameters,
            "fit": None,
        }
        return np.asarray(model.forward(y=fill_gaps(y), h=DAY)["mean"], dtype=np.float64)


def fit_ets(ts: Floats, y: Floats, form: str | None = None) -> Ets:
    """The fit of ``form``, as in `Ets.components`, or of the form that AICc chooses.

    All forms are additive: what multiplies depends on where the scale has its zero.
    """
    from statsforecast.models import AutoETS

    model, damped = (form[:3], form[3] == "D") if form else ("AZZ", None)
    fit = AutoETS(season_length=DAY, model=model, damped=damped).fit(fill_gaps(y)).model_
    return Ets(str(fit["components"]), tuple(float(value) for value in fit["par"]))


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
    return np.asarray(model.forecast(y=fill_gaps(y), h=DAY)["mean"], dtype=np.float64)


# The simplest first: of two equally good ones the first is chosen. AutoETS is fitted by `fit_ets`.
MODELS: dict[str, Forecaster | None] = {
    NAIVE: seasonal_naive,
    AUTO_ETS: None,
    PROPHET: prophet,
}
