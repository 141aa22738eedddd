"""A dashboard finds by itself what is wrong with a node; the next day is on its chart."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import NODE, Serve, whole
from tests.dashboard.past import failure, rooms, store

from edgewise.dashboard.rounds import is_due
from edgewise.database.schema import forecast, health

TWO_DAYS = 2 * 1440
# a quarter, and a little more or less on a day that has just begun
REMARK = r"2\d% of the reads of a1b2c3 failed"


def test_it_looks_without_being_asked(page: Page, serve: Serve, engine: Engine) -> None:
    store(engine, [r | failure() if r["seq"] % 4 == 0 else r for r in rooms(NODE, TWO_DAYS)])
    url = serve()
    page.goto(url)
    expect(page.locator(".card")).to_contain_text("1 to look at")
    page.locator(".card").click()
    panel = page.locator(".panel", has=page.get_by_text("Health", exact=True))
    expect(panel).to_contain_text(re.compile(f"{REMARK} for "))
    expect(panel).to_contain_text("check its wire and its supply")
    events = page.locator(".panel", has=page.get_by_text("Events", exact=True))
    expect(events).to_contain_text(re.compile(f"health: {REMARK}"))


def test_nobody_looks_twice_in_an_hour(engine: Engine) -> None:
    now = time.time()
    assert not is_due(engine, now)
    store(engine, rooms(NODE, TWO_DAYS // 4, end=now))
    assert not is_due(engine, now) and is_due(engine, now + 80_000)
    row = {"node": NODE, "day": now, "kind": "flat", "feature": "", "text": ""}
    with engine.begin() as connection:
        connection.execute(health.insert().values(**row, made_at=now + 80_000))
    assert not is_due(engine, now + 83_000) and is_due(engine, now + 84_000)


@whole
def test_the_next_day_is_on_the_chart(page: Page, url: str, engine: Engine) -> None:
    rows = rooms(NODE, 5 * 1440)
    store(engine, rows)
    start_ts = rows[-1]["ts"] + 1800
    with engine.begin() as connection:
        for channel, y in (("t", 22.0), ("h", 41.0)):
            for hour in range(24):
                row = {"node": NODE, "channel": channel, "ts": start_ts + 3600 * hour, "yhat": y}
                row |= {"lower": y - 1, "upper": y + 2, "model": "AutoETS", "made_at": start_ts}
                connection.execute(forecast.insert().values(row))
    page.goto(f"{url}/node?id={NODE}")
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Week").click()
    page.wait_for_function(
        """names => {
          const chart = getElement(document.querySelector('.chart').id.slice(1)).chart;
          const points = new Map(chart.getOption().series.map(s => [s.id, s.data.length]));
          return names.every(name => points.get(name) === 24);
        }""",
        arg=["yhat_t", "low_t", "band_t", "yhat_h", "low_h", "band_h"],
    )
