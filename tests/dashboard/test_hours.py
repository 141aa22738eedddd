"""Readings that have become hours are still seen: in the chart, and of a node long gone."""

from __future__ import annotations

import time

import numpy as np
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, event
from tests.dashboard.past import failure, row, store

from edgewise.collector.retention import fold
from edgewise.dashboard import fleet
from edgewise.dashboard.figures import figures
from edgewise.dashboard.hours import Hours
from edgewise.dashboard.series import extent, window
from edgewise.database.schema import label

HOUR_S = 3600
START_S = 1_700_006_400.0  # a full hour


def store_hours(engine: Engine, end_s: float = START_S + 100 * HOUR_S) -> None:
    """A hundred hours of readings a minute apart; twenty of them missing, one failed."""
    rows = [row("a", i, end_s - 60 * (6000 - i), t=10 + i / 1000) for i in range(6000)]
    for i in range(600, 660):
        rows[i] |= failure()
    for i in range(3000, 6000):
        rows[i]["cls"] = "warm"
    store(engine, [r for i, r in enumerate(rows) if not 1200 <= i < 2400])


def fold_hours(engine: Engine, keep_s: float) -> None:
    for _ in fold(engine, keep_s, START_S + 100 * HOUR_S):
        pass


def test_the_past_looks_the_same_in_hours(engine: Engine) -> None:
    store_hours(engine)
    span = extent(engine, "a")
    assert span is not None
    reading_series = window(engine, "a", *span, 20)
    fold_hours(engine, 50 * HOUR_S)
    assert extent(engine, "a") == span
    hour_series = window(engine, "a", *span, 20)
    assert np.array_equal(hour_series.t, reading_series.t)
    assert np.array_equal(hour_series.first_s, reading_series.first_s)
    assert hour_series.cls == reading_series.cls
    assert [b.name for b in hour_series.classes(60)] == ["empty", "empty", "warm"]


def test_what_became_hours_is_not_lost(engine: Engine) -> None:
    def buffer_share() -> float | None:
        entries = figures(engine, "a", {}, START_S + 100 * HOUR_S, None)
        return next(f.value for f in entries if f.name == "Readings stored")

    store_hours(engine)
    with engine.begin() as connection:
        label_row = {"node": "a", "from_ts": START_S, "to_ts": START_S + 600, "cls": "empty"}
        connection.execute(label.insert().values(**label_row, author="test", created_at=0))
    assert buffer_share() == 4800 / 6000
    for keep_h in (90, 50):
        fold_hours(engine, keep_h * HOUR_S)
        assert buffer_share() == (1 / (5400 / 4200) if keep_h == 90 else 1)


def test_near_by_an_hour_is_a_point_and_a_missing_one_an_outage(engine: Engine) -> None:
    store_hours(engine)
    fold_hours(engine, 50 * HOUR_S)
    series = window(engine, "a", START_S, START_S + 100 * HOUR_S, 10_000)
    (outage,) = series.outages(60)
    assert (outage.start, outage.end) == (START_S + 20 * HOUR_S - 1, START_S + 40 * HOUR_S)
    assert np.isnan(series.t[0, :30]).tolist() == [i == 10 for i in range(30)]
    assert np.all(series.first_s[1:] > series.last_s[:-1])
    assert not series.late.any()


def test_an_hour_of_which_half_has_become_one_is_whole(engine: Engine) -> None:
    store(engine, [row("a", i, START_S + 60 * i, t=20.0) for i in range(60)])
    fold_hours(engine, 50 * HOUR_S)
    store(engine, [row("a", 100 + i, START_S + 60 * i, t=30.0) for i in range(60)])
    series = window(engine, "a", START_S, START_S + HOUR_S, 1)
    assert (np.nanmin(series.t), np.nanmax(series.t)) == (20, 30)


def test_what_is_kept_of_a_year_is_what_is_read(engine: Engine) -> None:
    end = time.time() // HOUR_S * HOUR_S + 600
    store_hours(engine, end)
    arguments = (engine, "a", end - 101 * HOUR_S, end, 40)
    hours = Hours()

    def compare() -> None:
        cache_series, db_series = window(*arguments, hours), window(*arguments)
        for name in ("t", "h"):
            assert np.nanmin(getattr(cache_series, name)) == np.nanmin(getattr(db_series, name))
            assert np.nanmax(getattr(cache_series, name)) == np.nanmax(getattr(db_series, name))
        assert (cache_series.first_s[0], cache_series.last_s[-1]) == (
            db_series.first_s[0],
            db_series.last_s[-1],
        )
        (expected,), (outage,) = db_series.outages(60), cache_series.outages(60)
        assert (outage.start, outage.end) == (expected.start, expected.end)
        assert [b.name for b in cache_series.classes(60)] == [
            b.name for b in db_series.classes(60)
        ]
        assert abs(len(cache_series.first_s) - len(db_series.first_s)) <= 1

    compare()
    statements: list[str] = []
    listener = (engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    event.listen(*listener)
    window(*arguments, hours)
    event.remove(*listener)
    assert sum("GROUP BY" in statement for statement in statements) == 1  # the last minutes only
    store(engine, [row("a", 7000, end - 30, t=50.0)])  # is new
    compare()
    store(engine, [row("a", 7001, end - 50 * HOUR_S + 7, t=-9.0, late=1)])  # was sent later
    compare()
    assert np.nanmin(window(*arguments, hours).t) == -9
    for _ in fold(engine, 20 * HOUR_S, end):
        pass
    compare()
    for node in "bcdefghij":
        window(engine, node, 0.0, 1e6, 40, hours)
    compare()


def test_a_node_that_is_hours_only_is_not_forgotten(page: Page, url: str, engine: Engine) -> None:
    store_hours(engine)
    fold_hours(engine, 0)
    store(engine, [row("b", 1, time.time())])
    hours_node, live_node = fleet.fleet(engine)
    assert (hours_node.name, hours_node.state, hours_node.cls) == ("a", "silent", "warm")
    assert hours_node.ts == START_S + 100 * HOUR_S - 1
    assert live_node.name == "b"
    assert fleet.node(engine, "nobody") is None
    page.goto(url)
    expect(page.locator(".card.silent")).to_contain_text("warm")
    page.locator(".card.silent").click()
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("warm")
