"""The same days for every forecaster: each is forecast from what was known at its beginning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.database.schema import HOUR_S
from edgewise.errors import InputError
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.models import DAY, MODELS

__all__ = ["BAND", "Ahead", "Outlook", "Score", "outlook"]

BAND = 0.8  # of the hours that the band is to hold
_ORIGINS = 7
_TRAIN_MIN = 2 * DAY
_NEAR = 3  # hours before and after, whose errors are those of an hour as well
_RANGE = {"t": (-40.0, 80.0), "h": (0.0, 100.0)}  # of the sensor
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """One forecaster on the rolling origins.

    ``a_forecast``: 1 - sum|y - y^| / sum|y|; ``mae``: mean error in Celsius or %RH; ``held``:
    share of the hours within the band that the other days' errors give, None of one day alone;
    ``errors``: float64[origins, 24], y - y^, NaN where nothing was read.
    """

    model: str
    a_forecast: float
    mae: float
    held: float | None
    errors: Floats


@dataclass(frozen=True)
class Ahead:
    """The next day: float64[24] each; ``ts`` is the middle of the hours, unix seconds."""

    ts: Floats
    yhat: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Outlook:
    """What the forecasters reached on ``series``, the best of them, and what it says."""

    series: Hourly
    scores: list[Score]
    best: Score
    ahead: Ahead


def outlook(series: Hourly) -> Outlook:
    """Evaluate every forecaster on up to seven days, forecast with the best.

    A day is forecast from the hours before it; three days of readings are needed, InputError.
    """
    origins = _origins(series)
    truth = np.array([series.y[o : o + DAY] for o in origins])
    said = {
        name: np.array(
            [_within_limits(series, model(series.ts[:o], series.y[:o])) for o in origins]
        )
        for name, model in MODELS.items()
    }
    scores = [_score(name, truth, forecast) for name, forecast in said.items()]
    best = max(scores, key=lambda s: s.a_forecast)
    yhat = _within_limits(series, MODELS[best.model](series.ts, series.y))
    reach = _band(best.errors)
    ahead = Ahead(
        series.ts[-1] + HOUR_S * np.arange(1, DAY + 1),
        yhat,
        _within_limits(series, yhat - reach),
        _within_limits(series, yhat + reach),
    )
    return Outlook(series, scores, best, ahead)


def _origins(series: Hourly) -> list[int]:
    known = np.cumsum(~np.isnan(series.y))
    last = len(series.y) - DAY
    origins = [
        o
        for o in range(last, last - _ORIGINS * DAY, -DAY)
        if o > 0 and known[o - 1] >= _TRAIN_MIN and not np.isnan(series.y[o : o + DAY]).all()
    ]
    if not origins:
        raise InputError(
            f"node {series.node}: readings in {known[-1]} hours of {len(series.y)}: a forecast "
            f"needs {_TRAIN_MIN} and a day after them: collect on"
        )
    return origins[::-1]


def _within_limits(series: Hourly, values: Floats) -> Floats:
    return np.clip(values, *_RANGE[series.channel])


def _score(name: str, truth: Floats, said: Floats) -> Score:
    errors = truth - said
    size = float(np.nansum(np.abs(truth)))
    wrong = float(np.nansum(np.abs(errors)))
    return Score(
        name,
        1 - wrong / size if size else float(wrong == 0),
        float(np.nanmean(np.abs(errors))),
        _coverage(errors),
        errors,
    )


def _band(errors: Floats) -> Floats:
    # float64[24], how far from the forecast the band reaches; errors: float64[days, 24]. Student's
    # prediction interval of as many errors as there are days: those of one day are much alike.
    from scipy.stats import t

    days = len(errors)
    padded = np.pad(errors**2, ((0, 0), (_NEAR, _NEAR)), constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEAR + 1, axis=1)
    known = ~np.isnan(near)
    square = np.nansum(near, axis=(0, 2)) / np.maximum(known.sum(axis=(0, 2)), 1)
    square = np.where(known.any(axis=(0, 2)), square, np.nanmean(errors**2))
    return np.asarray(t.ppf(0.5 + BAND / 2, days) * np.sqrt(square * (1 + 1 / days)))


def _coverage(errors: Floats) -> float | None:
    # Each day against the band of the others; of one day alone nobody can say.
    if len(errors) < 2:
        return None
    inside = [np.abs(day) <= _band(np.delete(errors, i, 0)) for i, day in enumerate(errors)]
    return float(np.stack(inside)[~np.isnan(errors)].mean())
