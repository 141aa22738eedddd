"""The same days for all forecasters, none of which sees what it is to say."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.forecast.days import DAY, HOUR_S, make_hourly

from edgewise.errors import InputError
from edgewise.forecast import outlook, rolling
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.models import MODELS, check_installed, seasonal_naive


@pytest.fixture(scope="module", autouse=True)
def require_forecasters() -> None:
    check_installed()


def test_a_day_like_yesterday_is_forecast_without_an_error() -> None:
    series = make_hourly(6)
    result = outlook(series)
    naive = result.scores[0]
    assert result.best is naive and naive.model == "SeasonalNaive"
    assert naive.a_forecast == pytest.approx(1) and naive.errors.shape == (4, DAY)
    np.testing.assert_allclose(result.ahead.yhat, series.y[:DAY], atol=1e-6)
    assert result.ahead.ts.tolist() == (series.ts[-1] + HOUR_S * np.arange(1, DAY + 1)).tolist()


def test_each_day_is_better_forecast_by_what_knows_the_trend() -> None:
    result = outlook(make_hourly(12, noise=0.05, step=0.8))
    scores = {s.model: s.a_forecast for s in result.scores}
    assert list(scores) == ["SeasonalNaive", "AutoETS", "Prophet"]
    assert result.best.model == max(scores, key=scores.__getitem__) == "AutoETS"
    assert all(len(s.errors) == 7 for s in result.scores)


def test_the_figures_are_those_of_the_design(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    def forecast_flat(ts: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        assert len(ts) == len(y)
        lengths.append(len(y))
        return np.full(DAY, 20.0)

    monkeypatch.setattr(
        rolling, "MODELS", {"Flat": forecast_flat, "SeasonalNaive": seasonal_naive}
    )
    series = make_hourly(5, noise=0.5)
    series.y[-30:-26] = np.nan
    score = outlook(series).scores[0]
    assert lengths == [2 * DAY, 3 * DAY, 4 * DAY]
    actual = series.y[2 * DAY :].reshape(3, DAY)
    error_sum, actual_sum = np.nansum(np.abs(actual - 20)), np.nansum(np.abs(actual))
    assert score.a_forecast == pytest.approx(1 - error_sum / actual_sum)
    assert score.mae == pytest.approx(np.nanmean(np.abs(actual - 20)))
    assert np.isnan(score.errors).sum() == 4


def test_the_band_holds_what_it_promises() -> None:
    # Each day lies by a chance above or below the others, which no forecaster can know.
    series = make_hourly(90)
    series.y[:] += np.repeat(np.random.default_rng(5).normal(0, 1, 90), DAY)
    hits = []
    for days in range(9, 90):
        part = replace(series, ts=series.ts[: days * DAY], y=series.y[: days * DAY])
        band = _forecast_naively(part)
        actual = series.y[days * DAY : (days + 1) * DAY]
        hits.append((actual >= band.lower) & (actual <= band.upper))
    assert 0.72 < np.mean(hits) < 0.88


def _forecast_naively(series: Hourly) -> rolling.Ahead:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "MODELS", {"SeasonalNaive": seasonal_naive})
        return outlook(series).ahead


def test_hours_without_readings_do_not_stop_anyone() -> None:
    series = make_hourly(5)
    series.y[30:50] = np.nan
    series.y[-10:] = np.nan
    result = outlook(series)
    for values in (result.ahead.yhat, result.ahead.lower, result.ahead.upper):
        assert np.isfinite(values).all()
    assert (result.ahead.lower <= result.ahead.yhat).all()
    assert (result.ahead.yhat <= result.ahead.upper).all()


def test_nothing_beyond_the_sensor_is_forecast() -> None:
    series = make_hourly(6, step=9)
    result = outlook(replace(series, channel="h", y=series.y * 1.5))
    assert result.ahead.yhat.max() <= 100 and result.ahead.upper.max() <= 100


def test_less_than_three_days_are_too_few() -> None:
    with pytest.raises(InputError, match="node n: readings in 71 hours of 71"):
        series = make_hourly(3)
        outlook(replace(series, ts=series.ts[:-1], y=series.y[:-1]))
    assert outlook(make_hourly(3)).best.held is None


def test_the_forecasters_are_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        MODELS["Prophet"](make_hourly(3).ts, make_hourly(3).y)
    assert not [r for r in caplog.records if r.name.startswith(("prophet.plot", "cmdstanpy"))]
