"""Compares the forecasters on the same days, each forecast from the hours before it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgewise.database.schema import HOUR_S
from edgewise.errors import InputError
from edgewise.forecast.gaps import DAY
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.models import MODELS, Ets, Forecaster, fit_ets

__all__ = [
    "BAND",
    "Ahead",
    "Choice",
    "Outlook",
    "Score",
    "choose",
    "compare",
    "is_long_enough",
    "outlook",
]

BAND = 0.8  # share of the hours that should lie within the band
_ORIGINS = 7
_TRAIN_MIN = 2 * DAY
_REFIT = 4 / 3  # times the hours that the last fit of AutoETS knew
_NEAR = 3  # hours before and after whose errors count for an hour's band
_RANGE = {"t": (-40.0, 80.0), "h": (0.0, 100.0)}  # of the sensor
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """One forecaster on the rolling origins.

    ``a_forecast``: 1 - sum|y - y^| / sum|y|. ``mae``: mean absolute error in Celsius or %RH.
    ``held``: share of the hours within the band from the other days' errors, None for a single
    day. ``errors``: float64[origins, 24], y - y^, NaN without a reading.
    """

    model: str
    a_forecast: float
    mae: float
    held: float | None
    errors: Floats


@dataclass(frozen=True)
class Ahead:
    """The forecast of the next day, float64[24] each; ``ts``: middle of each hour, unix time."""

    ts: Floats
    yhat: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Choice:
    """The scores of the forecasters on a series; it holds until a new day of readings is complete.

    ``first_s``, ``last_s``: middle of the first and the last hour that were known, unix seconds.
    ``ets``: the fit of AutoETS to these hours, None where it failed. ``prophet_s``: when Prophet
    last competed, unix seconds, None for never.
    """

    first_s: float
    last_s: float
    scores: list[Score]
    ets: Ets | None
    prophet_s: float | None = None

    @property
    def best(self) -> Score:
        """The score of the forecaster that is used; of equally good ones the simplest."""
        return max(self.scores, key=lambda score: score.a_forecast)

    def holds_for(self, series: Hourly) -> bool:
        """Whether no day of ``series`` (UTC) has ended since the choice."""
        day_s = DAY * HOUR_S
        is_same_day = self.last_s // day_s == float(series.ts[-1]) // day_s
        return is_same_day and float(series.ts[0]) == self.first_s


@dataclass(frozen=True)
class Outlook:
    """The choice of the forecaster for ``series``, and its forecast."""

    series: Hourly
    choice: Choice
    ahead: Ahead

    @property
    def scores(self) -> list[Score]:
        """The scores of the forecasters that competed."""
        return self.choice.scores

    @property
    def best(self) -> Score:
        """The score of the forecaster that made the forecast."""
        return self.choice.best


def outlook(series: Hourly, choice: Choice | None = None) -> Outlook:
    """The forecast of the best forecaster, by ``choice`` or, without one, by `choose`.

    InputError for less than three days of readings.
    """
    choice = choice or choose(series)
    best, ts = choice.best, series.ts
    yhat = _forecast(series, MODELS[best.model] or choice.ets, len(ts))
    half_width = _band(best.errors)
    ahead = Ahead(
        ts[-1] + HOUR_S * np.arange(1, DAY + 1),
        yhat,
        _clip_to_range(series, yhat - half_width),
        _clip_to_range(series, yhat + half_width),
    )
    return Outlook(series, choice, ahead)


def is_long_enough(series: Hourly) -> bool:
    """Whether `choose` has days to compare the forecasters on."""
    try:
        return bool(_origins(series))
    except InputError:
        return False


def choose(series: Hourly, models: Collection[str] | None = None) -> Choice:
    """Compare ``models`` [all] on up to seven days, each forecast from the hours before it.

    InputError for less than three days of readings.
    """
    origins = _origins(series)
    scores: list[Score] = []
    ets, why = None, ""
    for name in MODELS if models is None else [name for name in MODELS if name in models]:
        try:
            if MODELS[name] is None:
                ets = fit_ets(series.ts, series.y)
            scores.append(_backtest(series, name, origins, ets))
        except Exception as e:  # noqa: BLE001 - some of statsforecast's are bare ones
            why = str(e)
    if not scores:
        raise InputError(f"node {series.node}: no forecaster can use its readings ({why})")
    return Choice(float(series.ts[0]), float(series.ts[-1]), scores, ets)


def compare(choice: Choice, series: Hourly, model: str) -> Choice:
    """The choice of the same day with ``model``, another one than AutoETS, judged as well."""
    is_known = series.ts <= choice.last_s
    known = replace(series, ts=series.ts[is_known], y=series.y[is_known])
    scores = {score.model: score for score in choice.scores}
    with suppress(Exception):  # it is left out
        scores[model] = _backtest(known, model, _origins(known), None)
    return replace(choice, scores=[scores[name] for name in MODELS if name in scores])


def _backtest(series: Hourly, name: str, origins: list[int], ets: Ets | None) -> Score:
    # AutoETS gets the form of ``ets``, fitted to the hours before the first day, and to those
    # before a later one when a third more is known.
    forecaster, days, fitted_hours = MODELS[name], [], 0
    for o in origins:
        if MODELS[name] is None and ets is not None and o >= _REFIT * fitted_hours:
            forecaster, fitted_hours = fit_ets(series.ts[:o], series.y[:o], ets.components), o
        days.append(_forecast(series, forecaster, o))
    return _score(name, np.array([series.y[o : o + DAY] for o in origins]), np.array(days))


def _forecast(series: Hourly, forecaster: Forecaster | None, known: int) -> Floats:
    if forecaster is None:
        raise ValueError("AutoETS has no fit")
    day = _clip_to_range(series, forecaster(series.ts[:known], series.y[:known]))
    if not np.isfinite(day).all():
        raise ValueError("the forecast is not finite")
    return day


def _origins(series: Hourly) -> list[int]:
    n_known = np.cumsum(~np.isnan(series.y))
    last = len(series.y) - DAY
    origins = [
        o
        for o in range(last, last - _ORIGINS * DAY, -DAY)
        if o > 0 and n_known[o - 1] >= _TRAIN_MIN and not np.isnan(series.y[o : o + DAY]).all()
    ]
    if not origins:
        raise InputError(
            f"node {series.node}: readings in {n_known[-1]} hours of {len(series.y)}: a forecast "
            f"needs {_TRAIN_MIN} and a day after them: collect on"
        )
    return origins[::-1]


def _clip_to_range(series: Hourly, values: Floats) -> Floats:
    return np.clip(values, *_RANGE[series.channel])


def _score(name: str, truth: Floats, forecast: Floats) -> Score:
    errors = truth - forecast
    size = float(np.nansum(np.abs(truth)))
    error = float(np.nansum(np.abs(errors)))
    return Score(
        name,
        1 - error / size if size else float(error == 0),
        float(np.nanmean(np.abs(errors))),
        _coverage(errors),
        errors,
    )


def _band(errors: Floats) -> Floats:
    # Returns float64[24], the distance of the band from the forecast; errors: float64[days, 24].
    # Student's prediction interval with one error per day, because errors of a day are alike.
    from scipy.stats import t

    days = len(errors)
    padded = np.pad(errors**2, ((0, 0), (_NEAR, _NEAR)), constant_values=np.nan)
    squares = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEAR + 1, axis=1)
    is_known = ~np.isnan(squares)
    mean_square = np.nansum(squares, axis=(0, 2)) / np.maximum(is_known.sum(axis=(0, 2)), 1)
    mean_square = np.where(is_known.any(axis=(0, 2)), mean_square, np.nanmean(errors**2))
    return np.asarray(t.ppf(0.5 + BAND / 2, days) * np.sqrt(mean_square * (1 + 1 / days)))


def _coverage(errors: Floats) -> float | None:
    # Each day against the band of the other days; a single day has no others.
    if len(errors) < 2:
        return None
    is_inside = [np.abs(day) <= _band(np.delete(errors, i, 0)) for i, day in enumerate(errors)]
    return float(np.stack(is_inside)[~np.isnan(errors)].mean())
