"""The status page: what is well, what is not and what to do, and the test of the notifications."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import Serve
from tests.database.databases import server, url  # noqa: F401 - fixtures
from tests.notify.receivers import webhook

from edgewise.dashboard.status import Row, status_rows
from edgewise.database import open_db
from edgewise.database.schema import forecast, notify_target, service

FACTS = {
    "version": "0.1.0",
    "broker": "mqtts://operator@pi.local:8883",
    "broker_since": 1000.0,
    "broker_lost_at": None,
    "last_commit_at": 1100.0,
    "readings": 7,
    "waiting": 0,
}


def put(engine: Engine, name: str, seen_at: float, **facts: Any) -> None:
    row = {"name": name, "started_at": 900.0, "seen_at": seen_at, "facts": json.dumps(facts)}
    with engine.begin() as connection:
        connection.execute(service.delete().where(service.c.name == name))
        connection.execute(service.insert().values(row))


def lines(engine: Engine, now_s: float) -> dict[str, Row]:
    return {row.name: row for row in status_rows(engine, now_s)}


def test_a_new_database_has_nothing_to_judge(url: str) -> None:  # noqa: F811
    engine = open_db(url)
    rows = lines(engine, 1120)
    engine.dispose()
    assert [rows[name].state for name in ("Broker", "Collector", "Forecast")] == ["none"] * 3
    assert rows["Database"].state == "ok" and "MiB" in rows["Database"].text
    is_sqlite = url.startswith("sqlite")
    assert ("SQLite 3" if is_sqlite else "PostgreSQL 1") in rows["Versions"].text
    assert ("free" in rows["Disk"].text) == is_sqlite


def test_what_is_well_and_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    put(engine, "collect", 1110, **FACTS)
    rows = lines(engine, 1120)
    assert rows["Broker"] == Row("Broker", "ok", "pi.local:8883", (("connected since", 1000.0),))
    assert rows["Collector"].text == "7 readings stored since its start"
    assert rows["Collector"].times == (("runs since", 900.0), ("last commit", 1100.0))
    put(engine, "collect", 1110, **{**FACTS, "broker_since": None, "broker_lost_at": 1050.0})
    assert lines(engine, 1120)["Broker"].times == (("away since", 1050.0),)
    assert lines(engine, 1120)["Broker"].state == "bad"
    rows = lines(engine, 1200)  # it has not been seen for a while
    assert rows["Collector"].state == "bad" and rows["Broker"].state == "none"
    put(engine, "collect", 1110, **FACTS, ended=True)
    assert lines(engine, 1120)["Collector"].text == "has stopped: start edgewise collect"
    put(engine, "collect", 1110, **{**FACTS, "version": "0.0.9"})
    assert "collector 0.0.9: install the same" in lines(engine, 1120)["Versions"].text
    monkeypatch.setattr("edgewise.dashboard.status.disk_free", lambda _: 1 << 20)
    assert lines(engine, 1120)["Disk"] == Row(
        "Disk", "bad", "1.0 MiB free: make room, or use collect --keep"
    )
    engine.dispose()


def test_forecasts_and_notifications(tmp_path: Path) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    put(engine, "notify", 1110)
    row = {"channel": "t", "yhat": 1, "lower": 1, "upper": 1, "model": "m", "made_at": 1000.0}
    target = {"after_notice": 0, "next_at": 0.0, "error": ""}
    with engine.begin() as connection:
        for node in ("a", "b"):
            connection.execute(forecast.insert().values(**row, node=node, ts=2000.0))
        insert = notify_target.insert()
        connection.execute(
            insert.values({**target, "target": "x", "name": "1. JSON", "tries": 0, "sent_at": 1e3})
        )
        failing = {"failing_since": 990.0, "tries": 3, "error": "no route"}
        connection.execute(
            insert.values({**target, "target": "y", "name": "2. E-Mail", **failing})
        )
    rows = lines(engine, 1120)
    assert rows["Forecast"] == Row("Forecast", "ok", "for 2 nodes", (("made", 1000.0),))
    assert lines(engine, 3000)["Forecast"].state == "bad"
    assert rows["Notifications to 1. JSON"].state == "ok"
    bad = rows["Notifications to 2. E-Mail"]
    assert bad.text == "no route: try 4 follows, nothing is lost" and bad.state == "bad"
    assert "start edgewise notify" in lines(engine, 3000)["Notifications"].text
    engine.dispose()


def test_the_page_and_its_button(
    page: Page, serve: Serve, engine: Engine, secret: str, tmp_path: Path
) -> None:
    put(engine, "collect", time.time() + 60, **FACTS)
    with webhook() as hook:
        config = tmp_path / "notify.toml"
        config.write_text(f'urls = ["{hook.url}"]')
        config.chmod(0o600)
        url = serve("--notify", str(config))
        page.goto(url)
        page.get_by_role("link", name="Status").click()
        expect(page.locator(".status")).to_contain_text("pi.local:8883")
        expect(page.locator(".status")).not_to_contain_text("operator")
        button = page.get_by_role("button", name="Send a test notification")
        expect(button).to_have_count(0)
        page.goto(f"{url}/login")
        page.get_by_label("Password").fill(secret)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Status").click()
        button.click()
        expect(page.locator(".q-notification")).to_contain_text("1. JSON: taken")
        assert hook.bodies == ["This is a test from the dashboard: nothing has happened."]
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
