"""Readings that have become hours are still seen: in the chart, and of a node long gone."""

from __future__ import annotations

import time

import numpy as np
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, event
from tests.dashboard.past import failed, row, store

from edgewise.collector.retention import fold
from edgewise.dashboard import fleet
from edgewise.dashboard.figures import figures
from edgewise.dashboard.hours import Hours
from edgewise.dashboard.series import extent, window
from edgewise.database.schema import label

HOUR_S = 3600
START_S = 1_700_006_400.0  # a full hour


def stored(engine: Engine, end_s: float = START_S + 100 * HOUR_S) -> None:
    """A hundred hours of readings a minute apart; twenty of them missing, one failed."""
    rows = [row("a", i, end_s - 60 * (6000 - i), t=10 + i / 1000) for i in range(6000)]
    for i in range(600, 660):
        rows[i] |= failed()
    for i in range(3000, 6000):
        rows[i]["cls"] = "warm"
    store(engine, [r for i, r in enumerate(rows) if not 1200 <= i < 2400])


def folded(engine: Engine, keep_s: float) -> None:
    for _ in fold(engine, keep_s, START_S + 100 * HOUR_S):
        pass


def test_the_past_looks_the_same_in_hours(engine: Engine) -> None:
    stored(engine)
    before = extent(engine, "a")
    assert before is not None
    was = window(engine, "a", *before, 20)
    folded(engine, 50 * HOUR_S)
    assert extent(engine, "a") == before
    seen = window(engine, "a", *before, 20)
    assert np.array_equal(seen.t, was.t)
    assert np.array_equal(seen.first_s, was.first_s)
    assert seen.cls == was.cls
    assert [b.name for b in seen.classes(60)] == ["empty", "empty", "warm"]


def test_what_became_hours_is_not_lost(engine: Engine) -> None:
    def buffered() -> float | None:
        found = figures(engine, "a", {}, START_S + 100 * HOUR_S)
        return next(f.value for f in found if f.name == "E_buffer")

    stored(engine)
    with engine.begin() as connection:
        taught = {"node": "a", "from_ts": START_S, "to_ts": START_S + 600, "cls": "empty"}
        connection.execute(label.insert().values(**taught, author="test", created_at=0))
    assert buffered() == 4800 / 6000
    for keep_h in (90, 50):
        folded(engine, keep_h * HOUR_S)
        assert buffered() == (1 / (5400 / 4200) if keep_h == 90 else 1)


def test_near_by_an_hour_is_a_point_and_a_missing_one_an_outage(engine: Engine) -> None:
    stored(engine)
    folded(engine, 50 * HOUR_S)
    seen = window(engine, "a", START_S, START_S + 100 * HOUR_S, 10_000)
    (outage,) = seen.outages(60)
    assert (outage.start, outage.end) == (START_S + 20 * HOUR_S - 1, START_S + 40 * HOUR_S)
    assert np.isnan(seen.t[0, :30]).tolist() == [i == 10 for i in range(30)]
    assert np.all(seen.first_s[1:] > seen.last_s[:-1])
    assert not seen.late.any()


def test_an_hour_of_which_half_has_become_one_is_whole(engine: Engine) -> None:
    store(engine, [row("a", i, START_S + 60 * i, t=20.0) for i in range(60)])
    folded(engine, 50 * HOUR_S)
    store(engine, [row("a", 100 + i, START_S + 60 * i, t=30.0) for i in range(60)])
    seen = window(engine, "a", START_S, START_S + HOUR_S, 1)
    assert (np.nanmin(seen.t), np.nanmax(seen.t)) == (20, 30)


def test_what_is_kept_of_a_year_is_what_is_read(engine: Engine) -> None:
    end = time.time() // HOUR_S * HOUR_S + 600
    stored(engine, end)
    given = (engine, "a", end - 101 * HOUR_S, end, 40)
    hours = Hours()

    def same() -> None:
        kept, read = window(*given, hours), window(*given)
        for name in ("t", "h"):
            assert np.nanmin(getattr(kept, name)) == np.nanmin(getattr(read, name))
            assert np.nanmax(getattr(kept, name)) == np.nanmax(getattr(read, name))
        assert (kept.first_s[0], kept.last_s[-1]) == (read.first_s[0], read.last_s[-1])
        (was,), (outage,) = read.outages(60), kept.outages(60)
        assert (outage.start, outage.end) == (was.start, was.end)
        assert [b.name for b in kept.classes(60)] == [b.name for b in read.classes(60)]
        assert abs(len(kept.first_s) - len(read.first_s)) <= 1

    same()
    asked: list[str] = []
    listening = (engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    event.listen(*listening)
    window(*given, hours)
    event.remove(*listening)
    assert sum("GROUP BY" in statement for statement in asked) == 1  # the last minutes only
    store(engine, [row("a", 7000, end - 30, t=50.0)])  # is new
    same()
    store(engine, [row("a", 7001, end - 50 * HOUR_S + 7, t=-9.0, late=1)])  # was sent later
    same()
    assert np.nanmin(window(*given, hours).t) == -9
    for _ in fold(engine, 20 * HOUR_S, end):
        pass
    same()
    for other in "bcdefghij":
        window(engine, other, 0.0, 1e6, 40, hours)
    same()


def test_a_node_that_is_hours_only_is_not_forgotten(page: Page, url: str, engine: Engine) -> None:
    stored(engine)
    folded(engine, 0)
    store(engine, [row("b", 1, time.time())])
    gone, here = fleet.fleet(engine)
    assert (gone.name, gone.state, gone.cls) == ("a", "silent", "warm")
    assert gone.ts == START_S + 100 * HOUR_S - 1
    assert here.name == "b"
    assert fleet.node(engine, "nobody") is None
    page.goto(url)
    expect(page.locator(".card.silent")).to_contain_text("warm")
    page.locator(".card.silent").click()
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("warm")
