"""Which models ran on a node, whoever put them there: it says so with each start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.past import row, store

from edgewise.database.models import packages_in, runs_on, versions
from edgewise.database.schema import events
from edgewise.package.store import load_package

START_S = 1_700_000_000.0
EVIL = "<img src=x onerror=window.hacked=1>"


def store_start(
    engine: Engine, boot: int, ts: float | None, node: str = "a", **values: Any
) -> None:
    payload = {"event": "reset", "from": "soft", "to": "running", **values}
    with engine.begin() as connection:
        connection.execute(
            events.insert().values(
                node=node,
                boot=boot,
                seq=0,
                ts=ts,
                event="reset",
                payload=json.dumps(payload),
                received_at=START_S + 1000 * boot,
            )
        )


def test_starts_become_versions(engine: Engine) -> None:
    store_start(engine, 3, START_S + 3, model="mine", crc="bbbbbbbb")
    store_start(engine, 1, START_S + 1, model="mine", crc="aaaaaaaa")
    store_start(engine, 2, START_S + 2, model="mine", crc="aaaaaaaa")
    store_start(engine, 4, START_S + 4, to="safe", runtime="none")
    store_start(engine, 5, START_S + 5, model="mine", crc="bbbbbbbb")
    store_start(engine, 6, None, model="mine", crc="aaaaaaaa")
    store_start(engine, 7, START_S + 7, model=7, crc=None)
    assert [(v.since, v.crc, v.again) for v in versions(engine, "a")] == [
        (START_S + 6000, "aaaaaaaa", True),
        (START_S + 3, "bbbbbbbb", False),
        (START_S + 1, "aaaaaaaa", False),
    ]
    assert versions(engine, "b") == []


def test_the_package_that_runs_is_known(engine: Engine, repo: Path) -> None:
    package = load_package(repo / "models" / "occupancy")
    store_start(engine, 1, START_S, model="renamed", crc=package.blob[-4:].hex())
    match = runs_on(engine, "a", packages_in(repo / "models"))
    assert match is not None and match.path.name == "occupancy"
    assert runs_on(engine, "a", []) is None


def test_they_are_on_the_page_and_never_html(page: Page, url: str, engine: Engine) -> None:
    store(engine, [row("a", 1, START_S)])
    page.goto(f"{url}/node?id=a")
    panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
    expect(panel).to_contain_text("has not reported its model yet")
    store_start(engine, 2, START_S, model=EVIL, crc="aaaaaaaa")
    store(engine, [row("a", 2, START_S + 60, boot=2)])
    expect(panel).to_contain_text(EVIL)
    assert page.locator(".page img").count() == 0


def test_a_start_whose_event_comes_after_its_readings_is_shown(
    page: Page, url: str, engine: Engine
) -> None:
    store(engine, [row("a", 1, START_S)])
    store_start(engine, 1, START_S, model="first", crc="aaaaaaaa")
    page.goto(f"{url}/node?id=a")
    items = page.locator(".panel", has=page.get_by_text("Model", exact=True)).locator("li")
    expect(items).to_have_count(1)
    store(engine, [row("a", 1, START_S + 60, boot=2, cls="second")])
    expect(page.locator(".now .chip")).to_have_text("second")
    store_start(engine, 2, START_S + 60, model="next", crc="bbbbbbbb")
    expect(items).to_have_count(2)
    expect(items.first).to_contain_text("next")
