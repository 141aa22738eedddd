"""Names and rooms on the pages: changed by who is logged in, read wherever a node is named."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import NODE, Serve, whole
from tests.dashboard.past import rooms, row, store
from tests.dashboard.test_pages import EVIL
from tests.dashboard.test_teaching import log_in

from edgewise.database.names import NodeName, read_names, set_name
from edgewise.database.schema import health


def store_remark(engine: Engine) -> None:
    text = f"12% of the reads of {NODE} failed for 3 days, most of them timeout: check the cable"
    values = {"node": NODE, "day": time.time(), "kind": "failed", "feature": "", "text": text}
    with engine.begin() as connection:
        connection.execute(health.insert().values(**values, made_at=time.time()))


def test_a_name_is_given_and_read_everywhere(
    page: Page, serve: Serve, engine: Engine, secret: str, repo: Path
) -> None:
    store(engine, [*rooms(NODE), row("other", 1, time.time())])
    store_remark(engine)
    set_name(engine, "other", "Door", "lab")
    url = serve("--models", str(repo / "models"))
    page.goto(f"{url}/node?id={NODE}")
    expect(page.locator("canvas")).to_be_visible()
    expect(page.get_by_role("button", name="Name and room")).to_have_count(0)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    health_panel = page.locator(".panel", has=page.get_by_text("Health", exact=True))
    expect(health_panel).to_contain_text(f"the reads of {NODE} failed")
    page.get_by_role("button", name="Name and room").click()
    dialog = page.get_by_role("dialog", name="Name and room")
    dialog.get_by_label("Name", exact=True).fill("Window, left")
    dialog.get_by_role("button", name="lab", exact=True).click()
    expect(dialog.get_by_label("Room", exact=True)).to_have_value("lab")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".now h2")).to_contain_text("Window, left")
    expect(page.locator(".now")).to_contain_text(f"lab{NODE}")
    page.reload()
    expect(health_panel).to_contain_text("the reads of Window, left failed")
    assert page.title() == "Window, left - Edgewise"
    page.get_by_role("button", name="Push ...").click()
    push = page.get_by_role("dialog", name="Push a model")
    expect(push.locator(".choice .q-checkbox")).to_have_text(
        [f"Window, left ({NODE})", "Door (other)"]
    )
    push.get_by_role("button", name="in lab (2)").click()
    expect(push.get_by_role("button", name="Push to 2 nodes")).to_be_enabled()
    page.goto(url)
    card = page.locator(".card", has_text="Window, left")
    expect(card).to_contain_text(NODE)
    expect(page.locator(".group")).to_have_text(["Needs attention 1", "lab 1"])
    with engine.connect() as connection:
        assert read_names(connection)[NODE] == NodeName(NODE, "Window, left", "lab")


@whole
def test_what_is_refused_and_what_is_no_html(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    store(engine, rooms(NODE))
    set_name(engine, NODE, EVIL, EVIL)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Name and room").click()
    dialog = page.get_by_role("dialog", name="Name and room")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value(EVIL)
    expect(dialog.get_by_role("button", name=EVIL)).to_be_visible()
    dialog.get_by_label("Room", exact=True).fill("a\u202eb")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("invisible characters: leave them out")).to_be_visible()
    expect(dialog).to_be_visible()
    page.goto(url)
    expect(page.locator(".group, .card").first).to_contain_text(EVIL)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".page img").count() == 0


@whole
def test_a_session_that_has_ended_changes_nothing(
    page: Page, browser: Browser, url: str, engine: Engine, secret: str
) -> None:
    store(engine, rooms(NODE))
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Name and room").click()
    dialog = page.get_by_role("dialog", name="Name and room")
    dialog.get_by_label("Name", exact=True).fill("Window")
    origin = {"origin": url}
    assert page.request.post(f"{url}/logout", headers=origin, max_redirects=0).status == 303
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Log in first")).to_be_visible()
    with engine.connect() as connection:
        assert read_names(connection) == {}
