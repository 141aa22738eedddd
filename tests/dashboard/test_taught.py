"""See, label in the browser, train, push: the node says the new classes, and goes back."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from tests.broker.mosquitto import anonymous
from tests.dashboard.conftest import LIMIT_MS, NODE, Serve
from tests.dashboard.past import rooms, store
from tests.dashboard.test_teaching import FAST, KEY, drag, log_in, name_it
from tests.shared import LIMIT_S, small_log

from edgewise.collector import Collector, Writer
from edgewise.database.schema import model as installed
from edgewise.database.schema import reading
from edgewise.logs.log import read_log
from edgewise.package.store import Package, load_package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.long


@pytest.mark.timeout(10 * LIMIT_S)
def test_see_label_train_push(
    page: Page,
    serve: Serve,
    engine: Engine,
    secret: str,
    model: Package,
    place: Path,
    tmp_path: Path,
) -> None:
    room = read_log(small_log(tmp_path / "room.csv", 2000))
    first = load_package(shutil.copytree(model.path, tmp_path / "models" / "window"))
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{KEY}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    now = int(time.time())
    store(engine, [r | {"cls": "open"} for r in rooms(NODE, end=now - 30.0)])
    replay_log = replace(room, time_s=room.time_s + (now - room.time_s[0]))
    with anonymous(place) as broker:
        broker_url = parse_broker(broker.url)
        config = node_config({"update": {"secret": KEY}, "period_ms": 5000}, broker_url, NODE)
        collector = Collector(broker_url, Writer(engine), client_id=None)
        collector.start()
        url = serve("--broker", broker.url)
        log_in(page, url, secret)
        page.goto(f"{url}/node?id={NODE}")
        for span, cls in (((0.03, 0.47), "fresh"), ((0.53, 0.97), "cosy")):
            drag(page, *span)
            name_it(page, cls)
        page.get_by_role("button", name="Train").click()
        panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
        expect(panel.locator("tr", has_text="taught-")).to_be_visible(timeout=5 * LIMIT_MS)
        expect(panel).to_contain_text("window knows none of these classes")
        assert re.search(r"balanced accuracy\s*100\.0%", panel.inner_text())
        with SimulatedNode(first, replay_log, config, 2, world=FAST):
            assert collector.wait_for(lambda c: c.readings > 2, LIMIT_S)
            page.get_by_role("button", name="Push ...").click()
            page.get_by_role("dialog").get_by_role("button", name="Push to 1 node").click()
            again = page.get_by_role("dialog", name="Push this model all the same?")
            expect(again).to_contain_text("does not know 'closed', 'open', which window knows")
            again.get_by_role("button", name="Push all the same").click()
            expect(panel).to_contain_text("confirmed by the node")
            class_chip = page.locator(".now .chip")
            expect(class_chip).to_have_text(re.compile("fresh|cosy"))
            items = panel.locator("ul").first.locator("li")
            expect(items).to_have_text([re.compile(r"taught-\S+ \("), re.compile(r"window \(")])
            page.get_by_role("button", name="Roll back").click()
            expect(panel).to_contain_text("the model before runs again")
            expect(items.first).to_contain_text("back to window")
            expect(items).to_have_count(3)
        collector.stop()
    with engine.connect() as connection:
        row = connection.execute(select(installed)).one()
        old_classes = set(connection.scalars(select(reading.c.cls).where(reading.c.boot == 2)))
        new_classes = set(connection.scalars(select(reading.c.cls).where(reading.c.boot > 2)))
    assert row.node == NODE and row.name.startswith("taught-")
    assert old_classes <= {"open", "closed", None}
    assert new_classes & {"fresh", "cosy"}
