"""What is painted: texts that have a size and enough contrast, in every width, bright and dark."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import Engine
from tests.counts import count
from tests.dashboard.conftest import LIMIT_MS, NODE, Serve
from tests.dashboard.painted import chart_pixel, text_size, weak_texts
from tests.dashboard.past import failure, rooms, row, store
from tests.dashboard.test_teaching import drag, log_in, name_it
from tests.shared import wait_until

from edgewise.database.schema import diag, health

WIDTHS = (320, 768, 1600)
SCHEMES: tuple[Literal["light", "dark"], ...] = count(("dark",), ("light", "dark"))
HOUR_S = 3600


def store_all(engine: Engine) -> None:
    """A node with everything that a page can show, and nodes in every state."""
    now = time.time()
    rows = rooms(NODE)
    store(engine, [r | failure() if 100 < r["seq"] < 130 else r for r in rows if r["seq"] != 300])
    store(engine, [row("silent", i, now - 7200 + 60 * i) for i in range(3)])
    store(engine, [row("late", i, now - 60 * (3 - i), late=1) for i in range(3)])
    store(engine, [row("failing", 1, now, **failure())])
    with engine.begin() as connection:
        remark = {"node": NODE, "day": now, "kind": "flat", "feature": "h", "text": "It is flat."}
        connection.execute(health.insert().values(**remark, made_at=now))
        payload = json.dumps({"uptime_s": 2 * 86400 + 3 * HOUR_S + 59, "heap": 90_000})
        values = {"node": NODE, "boot": 1, "ts": now, "received_at": now, "payload": payload}
        connection.execute(diag.insert().values(values))


def test_texts_have_a_size_and_contrast(
    browser: Browser, serve: Serve, engine: Engine, secret: str, repo: Path
) -> None:
    store_all(engine)
    url = serve("--models", str(repo / "models"))
    for scheme in SCHEMES:
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(LIMIT_MS)
        page.goto(url)
        for name in ("silent", "late", "failing"):
            expect(page.locator(".card", has_text=name).first).to_be_visible()
        assert weak_texts(page) == []
        page.goto(f"{url}/login?to=/node?id={NODE}")
        assert weak_texts(page) == []
        log_in(page, url, secret)
        page.goto(f"{url}/node?id={NODE}")
        expect(page.locator(".figures > div")).to_have_count(7)
        page.locator("summary").click()
        assert weak_texts(page) == []
        page.get_by_role("button", name="Train").click()
        expect(page.locator(".panel .failed")).to_be_visible()
        page.get_by_role("button", name="Label from, to").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert weak_texts(page) == []
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Push ...").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert weak_texts(page) == []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            model = page.get_by_role("dialog").locator(".q-field__native > span").first
            wait_until(partial(is_readable, model), partial(text_size, model))
        context.close()


def is_readable(text: Locator) -> bool:
    """Whether it is painted whole, inside of its field; a dialog grows while it opens."""
    width, height, is_inside = text_size(text)
    return width > 50 and height > 10 and is_inside


def expect_chosen(page: Page, name: str) -> None:
    """The one range that is marked, by its colour and for a screen reader."""
    expect(page.locator(".ranges [aria-pressed=true]")).to_have_text(name)

    def marked() -> list[str]:
        colors = {
            button.inner_text(): button.evaluate("b => getComputedStyle(b).backgroundColor")
            for button in page.locator(".ranges button").all()
        }
        assert len(colors) == 6
        return [n for n, color in colors.items() if list(colors.values()).count(color) == 1]

    wait_until(lambda: marked() == [name], marked)  # a colour fades


def test_the_chosen_range_is_marked_and_shown(page: Page, url: str, engine: Engine) -> None:
    now = time.time()
    store(engine, [row(NODE, i, now - 60 * (10 * 1440 - i)) for i in range(10 * 1440)])
    page.goto(f"{url}/node?id={NODE}")
    expect_chosen(page, "Day")
    ranges = (("Week", 7), ("All", 10), ("Month", 31), ("Year", 366), ("Day", 1))
    for name, days in count(ranges[:2], ranges):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".ranges [aria-pressed=true]")).to_have_text(name)
        page.locator("summary").focus()
        page.mouse.move(0, 0)
        expect_chosen(page, name)
        page.wait_for_function(
            """days => {
              const chart = getElement(document.querySelector('.chart').id.slice(1)).chart;
              const {startValue, endValue} = chart.getOption().dataZoom[0];
              return Math.abs((endValue - startValue) / 864e5 - days) < 0.01
                && Math.abs(endValue - Date.now()) < 18e4;
            }""",
            arg=days,
        )
    page.locator(".chart canvas").hover(position={"x": 600, "y": 100})
    page.mouse.wheel(0, -300)
    expect(page.locator(".ranges [aria-pressed=true]")).to_have_text("From, to")


def test_outages_are_painted_to_both_ends(page: Page, url: str, engine: Engine) -> None:
    now = time.time()
    last = now - 30 * HOUR_S
    store(engine, [row(NODE, i, last - 60 * (600 - i)) for i in range(600)])
    store(engine, [row("back", i, now - 40 * HOUR_S - 60 * (600 - i)) for i in range(600)])
    store(engine, [row("back", 1000 + i, now - 60 * (60 - i)) for i in range(60)])
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Week").click()
    expect(page.locator(".span")).to_be_visible()
    page.get_by_role("button", name="Day", exact=True).click()
    expect(page.locator(".ranges [aria-pressed=true]")).to_have_text("Day")
    outage = chart_pixel(page, now - 12 * HOUR_S)
    assert not outage.endswith(" 0")
    expect(page.locator(".legend")).to_have_text("no readings")
    assert chart_pixel(page, now - 60) == chart_pixel(page, now - 23 * HOUR_S) == outage
    page.goto(f"{url}/node?id=back")
    expect(page.locator(".legend")).to_contain_text("no readings")
    assert chart_pixel(page, now - 23 * HOUR_S) == chart_pixel(page, now - 2 * HOUR_S) == outage
    assert chart_pixel(page, now - 0.5 * HOUR_S).endswith(" 0")


def test_the_order_and_the_words(page: Page, url: str, engine: Engine) -> None:
    store_all(engine)
    now = time.time()
    store(engine, [row("march", 1, now - 90 * 86400, received_at=now)])
    page.goto(url)
    expect(page.locator(".card", has_text="march")).to_contain_text("measured 90 d ago")
    expect(page.locator(".card", has_text="march")).to_contain_text("arrived")
    page.locator(".card", has_text="march").click()
    health_panel = page.locator(".panel", has=page.get_by_text("Health", exact=True))
    expect(health_panel).to_contain_text("Not judged: no readings for 90 days.")
    page.goto(f"{url}/node?id={NODE}")
    expect(page.locator(".figures > div")).to_have_count(7)
    # at once: the page changes its values twice a second
    parts = page.locator(".now, .chart, h3").evaluate_all(
        "all => all.map(p => [p.tagName === 'H3' ? p.innerText : '', "
        "p.getBoundingClientRect().top])"
    )
    titles = [title for title, _ in parts if title]
    tops = [top for _, top in parts]
    assert titles == [
        *("Health", "Model", "Labels", "Worth a label", "Events"),
        *("Figures", "The node itself", "Log"),
    ]
    assert tops == sorted(tops)
    figures = page.locator(".panel", has=page.get_by_text("Figures", exact=True))
    expect(figures).to_contain_text("Balanced accuracy")
    assert "R_ingest" not in figures.inner_text()
    title = figures.locator(".figures > div", has_text="Sensor data").get_attribute("title")
    assert title == "R_ingest = bytes received / time of a cycle"
    figures.locator("summary").click()
    assert "R_ingest = bytes received" in figures.inner_text()
    expect(page.locator(".facts")).to_contain_text("2 days 3 hours")


def test_labels_without_a_mouse(page: Page, url: str, engine: Engine, secret: str) -> None:
    store(engine, rooms(NODE))
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Label from, to").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Label a period")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="empty")).to_be_visible()  # of the running model
    dialog.get_by_label("New class").focus()
    page.keyboard.type("cold")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    drag(page, 0.2, 0.4)
    expect(dialog.locator(".classes button")).to_have_text(["empty", "cold"])
    name_it(page, "warm")
    assert page.locator(".chart").get_attribute("role") == "img"
