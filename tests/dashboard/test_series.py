"""A year in as many points as a screen has: nothing that stands out gets lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from tests.dashboard.past import failure, row, store

from edgewise.dashboard.chart_data import FAILED, Overlay, Palette, data
from edgewise.dashboard.notes import forecasts
from edgewise.dashboard.series import extent, window
from edgewise.dashboard.state import State
from edgewise.database.schema import forecast

START_S = 1_700_000_000.0


def store_readings(engine: Engine, n: int = 5000) -> None:
    rng = np.random.default_rng(5)
    t = np.round(20 + rng.normal(0, 1, n), 1).tolist()
    rows = [row("a", i, START_S + 60 * i, t=t[i]) for i in range(n)]
    rows[1234]["t"], rows[3210]["h"] = -15.0, 99.0
    for i in range(2000, 2100):
        rows[i]["late"] = 1
    for i in range(4000, 5000):
        rows[i]["cls"] = "warm"
    for i in range(4500, 4510):
        rows[i] |= failure()
    store(engine, [r for i, r in enumerate(rows) if not 3000 <= i < 3100])
    store(engine, [row("b", i, START_S + 60 * i, t=70.0) for i in range(50)])


def test_least_and_most_survive(engine: Engine) -> None:
    store_readings(engine)
    first, last = extent(engine, "a") or (0.0, 0.0)
    assert (first, last) == (START_S, START_S + 60 * 4999)
    series = window(engine, "a", first, last, 100)
    assert 90 <= len(series.first_s) <= 102
    assert np.nanmin(series.t) == -15
    assert np.nanmax(series.h) == 99
    assert np.nanmax(series.t) < 30
    assert np.all(series.first_s[1:] > series.last_s[:-1])
    assert np.all(series.t[0] <= series.t[1])


def test_outages_classes_and_replay(engine: Engine) -> None:
    store_readings(engine)
    for pixels in (100, 100_000):
        series = window(engine, "a", START_S, START_S + 60 * 5000, pixels)
        (outage,) = series.outages(60)
        assert (outage.start, outage.end) == (START_S + 60 * 2999, START_S + 60 * 3100)
        names = [band.name for band in series.classes(60)]
        assert names == ["empty", "empty", "warm"]
        (replay,) = series.replays(60)
        tolerance_s = 60 * 5000 / pixels
        assert abs(replay.start - (START_S + 60 * 2000)) <= tolerance_s
        assert abs(replay.end - (START_S + 60 * 2100)) <= tolerance_s


def test_readings_without_a_class_end_a_run_and_failed_reads_do_not(engine: Engine) -> None:
    rows = [row("a", i, START_S + 60 * i) for i in range(12)]
    rows[3] |= failure()
    for i in (6, 7):
        rows[i] |= {"cls": None, "p": None}
    store(engine, rows)
    series = window(engine, "a", START_S, START_S + 720, 800)
    bands = [(band.start - START_S, band.end - START_S) for band in series.classes(60)]
    assert bands == [(0, 360), (480, 720)]


def test_near_enough_it_is_the_readings_themselves(engine: Engine) -> None:
    store_readings(engine)
    series = window(engine, "a", START_S + 60 * 4490, START_S + 60 * 4519, 800)
    assert series.first_s.tolist() == [START_S + 60 * i for i in range(4490, 4520)]
    assert np.array_equal(series.first_s, series.last_s)
    assert np.isnan(series.t[0]).tolist() == [10 <= i < 20 for i in range(30)]


def test_what_stands_alone_is_a_dot_and_what_failed_a_band(engine: Engine) -> None:
    times = (0, 60, 120, 3600, 7200, 7260, 7320, 7380)
    rows = [row("a", i, START_S + s) for i, s in enumerate(times)]
    rows[6] |= failure()
    store(engine, rows)
    series = window(engine, "a", START_S, START_S + 7400, 7400)
    chart_data = {s["id"]: s["data"] for s in data(series, 60, Overlay(), Palette())}
    dots = [p["value"][0] / 1000 - START_S for p in chart_data["t"] if isinstance(p, dict)]
    assert dots == [3600, 7380]
    (band,) = series.failed_reads(60)
    assert (band.start, band.end) == (START_S + 7320, START_S + 7380)
    assert FAILED in [bar["itemStyle"]["color"] for bar in chart_data["bands"]]


def test_forecasts_are_those_in_sight_and_no_more_than_fit(engine: Engine) -> None:
    rows = [
        {"node": "a", "channel": c, "ts": START_S + 60.0 * i, "yhat": 20, "lower": 19, "upper": 21}
        for c in "th"
        for i in range(1000)
    ]
    with engine.begin() as connection:
        connection.execute(forecast.insert(), [{**r, "model": "m", "made_at": 0} for r in rows])
    state = State(engine, None, Path(), Path(), "edgewise")
    near_points = forecasts(state, "a", START_S, START_S + 600, 500)
    assert {c: len(points) for c, points in near_points.items()} == {"t": 11, "h": 11}
    far_points = forecasts(state, "a", 0, 2 * START_S, 100)
    assert {c: len(points) for c, points in far_points.items()} == {"t": 91, "h": 91}
    state.close()


def test_nothing_there(engine: Engine) -> None:
    assert extent(engine, "a") is None
    assert len(window(engine, "a", 0, 1, 100).first_s) == 0
    store(engine, [row("a", 1, None)])
    assert extent(engine, "a") is None


def test_outages_reach_beyond_the_window_and_to_now(engine: Engine) -> None:
    hour_s = 3600.0
    store(engine, [row("a", i, START_S + 60 * i) for i in range(60)])
    store(engine, [row("a", 100 + i, START_S + 10 * hour_s + 60 * i) for i in range(60)])
    last_s = START_S + 11 * hour_s - 60

    def outages(first_h: float, last_h: float, silent_s: float = 0.0) -> list[tuple[float, float]]:
        span = START_S + first_h * hour_s, START_S + last_h * hour_s
        now_s = START_S + 20 * hour_s
        bands = window(engine, "a", *span, 100).outages(60, now_s, silent_s)
        return [((b.start - START_S) / hour_s, (b.end - START_S) / hour_s) for b in bands]

    end_h = (last_s - START_S) / hour_s
    inner, open_end = (59 / 60, 10.0), (end_h, 20.0)
    assert outages(0, 20) == [inner, open_end]
    assert outages(2, 10.5) == [inner]  # it began before
    assert outages(0, 5) == [inner]  # it ends later
    assert outages(3, 4) == [inner]  # nothing else is seen
    assert outages(12, 20) == [open_end]
    assert outages(0, 20, 10 * hour_s) == [inner]  # a node that sleeps so long
    assert outages(-5, -1) == []  # before the first reading
