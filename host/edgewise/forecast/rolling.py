"""Compares the forecasters on the same days, each forecast from the hours before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.database.schema import HOUR_S
from edgewise.errors import InputError
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.models import DAY, MODELS

__all__ = ["BAND", "Ahead", "Outlook", "Score", "outlook"]

BAND = 0.8  # share of the hours that should lie within the band
_ORIGINS = 7
_TRAIN_MIN = 2 * DAY
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
class Outlook:
    """The scores of the forecasters on ``series``, the best one, and its forecast."""

    series: Hourly
    scores: list[Score]
    best: Score
    ahead: Ahead


def outlook(series: Hourly) -> Outlook:
    """The forecast of the best forecaster, which is chosen on up to seven days.

    A day is forecast from the hours before it. InputError for less than three days of readings.
    """
    origins = _origins(series)
    truth = np.array([series.y[o : o + DAY] for o in origins])
    forecasts = {
        name: np.array(
            [_clip_to_range(series, model(series.ts[:o], series.y[:o])) for o in origins]
        )
        for name, model in MODELS.items()
    }
    scores = [_score(name, truth, forecast) for name, forecast in forecasts.items()]
    best = max(scores, key=lambda s: s.a_forecast)
    yhat = _clip_to_range(series, MODELS[best.model](series.ts, series.y))
    half_width = _band(best.errors)
    ahead = Ahead(
        series.ts[-1] + HOUR_S * np.arange(1, DAY + 1),
        yhat,
        _clip_to_range(series, yhat - half_width),
        _clip_to_range(series, yhat + half_width),
    )
    return Outlook(series, scores, best, ahead)


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
