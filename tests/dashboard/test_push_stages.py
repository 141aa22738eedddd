"""A push in stages from the page: each node's state is shown, and the first failure ends it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import NODE, Serve, whole
from tests.dashboard.past import row, store
from tests.dashboard.test_teaching import log_in

from edgewise.messages.client import MqttClient
from edgewise.package.store import load_package
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
NAMES = [NODE, *"bcdef"]


class FakeNodes:
    """Nodes that take every model without its pieces, but for those in ``failing``."""

    def __init__(self, broker: str) -> None:
        self.failing = {"c"}
        self.offered: list[str] = []
        self._crcs: dict[str, str] = {}
        self._client = MqttClient(parse_broker(broker))
        self._client.on_message = self._on_message
        self._client.on_connect = lambda *_: self._client.subscribe(
            [("edgewise/+/model/offer", 1), ("edgewise/+/cmd/model", 1)]
        )
        self._client.connect(parse_broker(broker).host, parse_broker(broker).port)
        self._client.loop_start()
        self.new_crc = ""

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        payload = json.loads(message.payload)
        node = message.topic.split("/")[1]
        answer: dict[str, Any] = {"id": payload["id"], "ok": True, "error": None}
        if message.topic.endswith("/cmd/model"):
            answer["value"] = {"name": "x", "state": "idle", "crc": self._crcs.get(node, "")}
            self._answer(f"{message.topic}/result", answer)
            return
        self.offered.append(node)
        topic = message.topic.replace("/offer", "/result")
        self._answer(topic, answer | {"ok": None, "want": None})
        if node in self.failing:
            answer |= {"ok": False, "error": "golden vector 7 gives another class"}
        else:
            self._crcs[node] = self.new_crc
        self._answer(topic, answer)

    def _answer(self, topic: str, answer: dict[str, Any]) -> None:
        self._client.publish(topic, json.dumps(answer), 1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def nodes(broker: str) -> Iterator[FakeNodes]:
    made = FakeNodes(broker)
    yield made
    made.close()


@whole
def test_the_first_failure_ends_it_and_the_same_again_goes_on(
    page: Page,
    serve: Serve,
    engine: Engine,
    secret: str,
    broker: str,
    nodes: FakeNodes,
    repo: Path,
    tmp_path: Path,
) -> None:
    shutil.copytree(repo / "models" / "occupancy", tmp_path / "models" / "occupancy")
    nodes.new_crc = load_package(tmp_path / "models" / "occupancy").blob[-4:].hex()
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{"0f" * 32}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    store(engine, [row(name, 1, time.time()) for name in NAMES])
    url = serve("--broker", broker)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
    dialog = page.get_by_role("dialog", name="Push a model")
    stages = dialog.get_by_role("group", name="Stages")

    def push_to_all() -> None:
        page.get_by_role("button", name="Push ...").click()
        expect(dialog.get_by_role("button", name="Push to 1 node")).to_be_visible()
        expect(stages).to_have_count(0)
        dialog.get_by_role("button", name="All (6)").click()
        expect(stages.get_by_role("checkbox")).to_be_checked()
        expect(stages.get_by_label("First nodes")).to_have_value("1")
        expect(stages.get_by_label("Then % of the rest")).to_have_value("25")
        dialog.get_by_role("button", name="Push to 6 nodes").click()

    def line(name: str) -> Any:
        return panel.locator("li", has=page.get_by_text(name, exact=True)).locator("span")

    push_to_all()
    expect(line("f")).to_have_text("occupancy: not sent, because c rejected it")
    expect(line("c")).to_have_text("occupancy: rejected: golden vector 7 gives another class")
    for name in (NODE, "b"):
        expect(line(name)).to_contain_text("occupancy: confirmed by the node after")
    assert sorted(nodes.offered) == sorted([NODE, "b", "c"])
    nodes.failing.clear()
    push_to_all()
    expect(line("f")).to_contain_text("occupancy: confirmed by the node after")
    for name in (NODE, "b"):
        expect(line(name)).to_have_text("occupancy: runs it already")
    assert sorted(nodes.offered[3:]) == ["c", "d", "e", "f"]


@whole
def test_numbers_that_cannot_be_are_refused(
    page: Page,
    serve: Serve,
    engine: Engine,
    secret: str,
    broker: str,
    nodes: FakeNodes,
    repo: Path,
) -> None:
    store(engine, [row(name, 1, time.time()) for name in NAMES])
    url = serve("--broker", broker, "--models", str(repo / "models"))
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Push ...").click()
    dialog = page.get_by_role("dialog", name="Push a model")
    dialog.get_by_role("button", name="All (6)").click()
    dialog.get_by_label("First nodes").fill("")
    dialog.get_by_role("button", name="Push to 6 nodes").click()
    expect(page.get_by_text("give at least one node, and a share from 1 to 100 %")).to_be_visible()
    expect(dialog).to_be_visible()
    assert nodes.offered == []
    dialog.get_by_role("checkbox", name="In stages").click()
    expect(dialog.get_by_label("First nodes")).not_to_be_visible()
