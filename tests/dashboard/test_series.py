"""A year in as many points as a screen has: nothing that stands out gets lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import Engine
from tests.dashboard.past import failed, row, store

from edgewise.dashboard.chart_data import FAILED, Palette, data
from edgewise.dashboard.notes import forecasts
from edgewise.dashboard.series import extent, window
from edgewise.dashboard.state import State
from edgewise.database.schema import forecast

START_S = 1_700_000_000.0


def stored(engine: Engine, n: int = 5000) -> None:
    rng = np.random.default_rng(5)
    t = np.round(20 + rng.normal(0, 1, n), 1).tolist()
    rows = [row("a", i, START_S + 60 * i, t=t[i]) for i in range(n)]
    rows[1234]["t"], rows[3210]["h"] = -15.0, 99.0
    for i in range(2000, 2100):
        rows[i]["late"] = 1
    for i in range(4000, 5000):
        rows[i]["cls"] = "warm"
    for i in range(4500, 4510):
        rows[i] |= failed()
    store(engine, [r for i, r in enumerate(rows) if not 3000 <= i < 3100])
    store(engine, [row("b", i, START_S + 60 * i, t=70.0) for i in range(50)])


def test_least_and_most_survive(engine: Engine) -> None:
    stored(engine)
    first, last = extent(engine, "a") or (0.0, 0.0)
    assert (first, last) == (START_S, START_S + 60 * 4999)
    seen = window(engine, "a", first, last, 100)
    assert 90 <= len(seen.first_s) <= 102
    assert np.nanmin(seen.t) == -15
    assert np.nanmax(seen.h) == 99
    assert np.nanmax(seen.t) < 30
    assert np.all(seen.first_s[1:] > seen.last_s[:-1])
    assert np.all(seen.t[0] <= seen.t[1])


def test_outages_classes_and_replay(engine: Engine) -> None:
    stored(engine)
    for pixels in (100, 100_000):
        seen = window(engine, "a", START_S, START_S + 60 * 5000, pixels)
        (outage,) = seen.outages(60)
        assert (outage.start, outage.end) == (START_S + 60 * 2999, START_S + 60 * 3100)
        names = [band.name for band in seen.classes(60)]
        assert names == ["empty", "empty", "warm"]
        (late,) = seen.replays(60)
        slack = 60 * 5000 / pixels
        assert abs(late.start - (START_S + 60 * 2000)) <= slack
        assert abs(late.end - (START_S + 60 * 2100)) <= slack


def test_near_enough_it_is_the_readings_themselves(engine: Engine) -> None:
    stored(engine)
    seen = window(engine, "a", START_S + 60 * 4490, START_S + 60 * 4519, 800)
    assert seen.first_s.tolist() == [START_S + 60 * i for i in range(4490, 4520)]
    assert np.array_equal(seen.first_s, seen.last_s)
    assert np.isnan(seen.t[0]).tolist() == [10 <= i < 20 for i in range(30)]


def test_what_stands_alone_is_a_dot_and_what_failed_a_band(engine: Engine) -> None:
    times = (0, 60, 120, 3600, 7200, 7260, 7320, 7380)
    rows = [row("a", i, START_S + s) for i, s in enumerate(times)]
    rows[6] |= failed()
    store(engine, rows)
    seen = window(engine, "a", START_S, START_S + 7400, 7400)
    drawn = {s["id"]: s["data"] for s in data(seen, 60, [], [], {}, Palette())}
    dots = [p["value"][0] / 1000 - START_S for p in drawn["t"] if isinstance(p, dict)]
    assert dots == [3600, 7380]
    (failing,) = seen.failed_reads(60)
    assert (failing.start, failing.end) == (START_S + 7320, START_S + 7380)
    assert FAILED in [bar["itemStyle"]["color"] for bar in drawn["bands"]]


def test_forecasts_are_those_in_sight_and_no_more_than_fit(engine: Engine) -> None:
    rows = [
        {"node": "a", "channel": c, "ts": START_S + 60.0 * i, "yhat": 20, "lower": 19, "upper": 21}
        for c in "th"
        for i in range(1000)
    ]
    with engine.begin() as connection:
        connection.execute(forecast.insert(), [{**r, "model": "m", "made_at": 0} for r in rows])
    state = State(engine, None, Path(), Path(), "edgewise")
    near = forecasts(state, "a", START_S, START_S + 600, 500)
    assert {c: len(points) for c, points in near.items()} == {"t": 11, "h": 11}
    far = forecasts(state, "a", 0, 2 * START_S, 100)
    assert {c: len(points) for c, points in far.items()} == {"t": 91, "h": 91}
    state.close()


def test_nothing_there(engine: Engine) -> None:
    assert extent(engine, "a") is None
    assert len(window(engine, "a", 0, 1, 100).first_s) == 0
    store(engine, [row("a", 1, None)])
    assert extent(engine, "a") is None
