"""One zone on a page: that of its browser or of --tz, over both changes of summer time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select
from tests.dashboard.conftest import LIMIT_MS, NODE, Serve, whole
from tests.dashboard.painted import expect_axis
from tests.dashboard.past import row, store
from tests.dashboard.test_teaching import labels_panel, log_in, start_label

from edgewise.database.notes import note_change
from edgewise.database.schema import label

CENTRE = """ms => {
  const box = document.querySelector('.chart');
  return getElement(box.id.slice(1)).chart.convertToPixel({xAxisIndex: 0}, ms);
}"""


def utc(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@contextmanager
def open_page(browser: Browser, zone: str) -> Iterator[Page]:
    context = browser.new_context(timezone_id=zone, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    yield page
    context.close()


def store_nights(engine: Engine) -> None:
    """A reading a minute over the nights in which European summer time began and ended."""
    for seq, start in enumerate(("2025-03-29 20:00", "2025-10-25 20:00")):
        rows = [row(NODE, 1000 * seq + i, utc(start) + 60 * i) for i in range(720)]
        store(engine, rows)
    with engine.begin() as connection:
        text = "t>28 expected at 26 Oct 01:30 UTC"
        note_change(connection, NODE, "forecast", "t>28", text, utc("2025-10-25 23:30"))


def show(page: Page, first: str, last: str) -> None:
    page.get_by_role("button", name="From, to", exact=True).click()
    dialog = page.get_by_role("dialog", name="Show a range")
    dialog.get_by_label("From").fill(first)
    dialog.get_by_label("To", exact=True).fill(last)
    dialog.get_by_role("button", name="Show").click()
    expect(dialog).to_have_count(0)


def drag(page: Page, from_s: float, to_s: float) -> None:
    """Label a period between two times."""
    box = start_label(page)
    x0, x1 = (box["x"] + page.evaluate(CENTRE, 1000 * t) for t in (from_s, to_s))
    page.mouse.move(x0, box["y"] + 100)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, box["y"] + 100, steps=4)
    page.mouse.move(x1, box["y"] + 100, steps=4)
    page.mouse.up()


def expect_fields(page: Page, first: str, last: str) -> None:
    dialog = page.get_by_role("dialog", name="Label a period")
    expect(dialog.get_by_label("From")).to_have_value(first)
    expect(dialog.get_by_label("To", exact=True)).to_have_value(last)


def test_the_zone_of_the_browser(
    browser: Browser, serve: Serve, engine: Engine, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")  # of the server
    store_nights(engine)
    url = serve()
    with open_page(browser, "Europe/Berlin") as page:
        log_in(page, url, secret)
        page.goto(f"{url}/node?id={NODE}")
        show(page, "2025-03-30 00:00", "2025-03-30 06:00")
        span = "30 Mar 2025 00:00 to 30 Mar 2025 06:00, times in Europe/Berlin"
        expect(page.locator(".span")).to_have_text(span)
        expect_axis(page, lambda t: t[:2] == ["30 Mar", "2025"] and "02:30" not in t)
        drag(page, utc("2025-03-30 00:30"), utc("2025-03-30 03:05"))
        expect_fields(page, "2025-03-30 01:30", "2025-03-30 05:05")
        dialog = page.get_by_role("dialog", name="Label a period")
        dialog.get_by_label("From").fill("2025-03-30 02:30")
        dialog.get_by_role("button", name="empty").click()
        expect(page.get_by_text("the clock skips it")).to_be_visible()
        dialog.get_by_role("button", name="Cancel").click()
        show(page, "2025-10-26 00:00", "2025-10-26 06:00")
        expect(page.locator(".span")).to_contain_text("26 Oct 2025 00:00 to 26 Oct 2025 06:00")
        expect_axis(page, lambda texts: texts.count("02:30") == 2)
        drag(page, utc("2025-10-26 00:30"), utc("2025-10-26 04:05"))
        expect_fields(page, "2025-10-26 02:30 +02:00", "2025-10-26 05:05")
        dialog.get_by_label("From").fill("2025-10-26 02:30")
        dialog.get_by_role("button", name="empty").click()
        expect(page.get_by_text("comes twice: add its offset, +02:00 or +01:00")).to_be_visible()
        dialog.get_by_label("From").fill("2025-10-26 02:30 +01:00")
        dialog.get_by_role("button", name="empty").click()
        text = "empty, 26 Oct 2025 02:30 +01:00 to 26 Oct 2025 05:05"
        expect(labels_panel(page)).to_contain_text(text)
        events = page.locator(".panel", has=page.get_by_text("Events", exact=True))
        expect(events).to_contain_text("26 Oct 2025 01:30")
        expect(events).to_contain_text("expected at 26 Oct 2025 02:30 CET")
    with engine.connect() as connection:
        row = connection.execute(select(label.c.from_ts, label.c.to_ts)).one()
    assert tuple(row) == (utc("2025-10-26 01:30"), utc("2025-10-26 04:05"))


@whole
def test_the_zone_that_was_asked_for(
    browser: Browser, serve: Serve, engine: Engine, secret: str
) -> None:
    store_nights(engine)
    url = serve("--tz", "America/New_York")
    with open_page(browser, "Asia/Tokyo") as page:
        log_in(page, url, secret)
        page.goto(f"{url}/node?id={NODE}")
        show(page, "2025-10-25 20:00", "2025-10-26 02:00")
        expect(page.locator(".span")).to_contain_text("times in America/New_York")
        expect_axis(page, lambda texts: texts[:2] == ["20:00", "25 Oct"])
        drag(page, utc("2025-10-26 00:30"), utc("2025-10-26 03:05"))
        expect_fields(page, "2025-10-25 20:30", "2025-10-25 23:05")
