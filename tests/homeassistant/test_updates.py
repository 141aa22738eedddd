"""The button of the model's update entity: a simulated node gets the model, real mosquitto."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.command import edgewise
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.shared import LIMIT_S, small_log, wait_until

from edgewise.logs.log import read_log
from edgewise.messages.client import MqttClient
from edgewise.package.store import Package, load_package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
SECRET = "0f" * 32


class Home:
    """Home Assistant's place on the broker: what it has of each topic."""

    def __init__(self, url: str) -> None:
        broker_url = parse_broker(url)
        self.kept: dict[str, Any] = {}
        self.percents: list[int] = []
        self._client = MqttClient(broker_url)
        self._client.on_message = self._on_message
        self._client.connect(broker_url.host, broker_url.port)
        self._client.subscribe([("edgewise/+/model/version", 1), ("homeassistant/#", 1)])
        self._client.loop_start()

    def press(self, payload: str = "install", node: str = NODE, retain: bool = False) -> None:
        topic = f"edgewise/{node}/model/install"
        self._client.publish(topic, payload, 1, retain).wait_for_publish(LIMIT_S)

    def version(self, node: str = NODE) -> dict[str, Any]:
        return dict(self.kept.get(f"edgewise/{node}/model/version") or {})

    def update(self, node: str = NODE) -> dict[str, Any]:
        device = self.kept.get(f"homeassistant/device/{node}/config")
        return dict(device["cmps"]["model"]) if device else {}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self.kept[message.topic] = value = json.loads(message.payload or "null")
        if value and value.get("in_progress"):
            self.percents.append(value["update_percentage"])


@pytest.fixture
def home(broker: str) -> Iterator[Home]:
    home = Home(broker)
    yield home
    home.close()


@contextmanager
def publishing(broker: str, model: Path, config: Path) -> Iterator[list[str]]:
    """The command, and the lines that it has printed."""
    command = [sys.executable, "-m", "edgewise.cli.main", "ha", "publish", "--stay", "--updates"]
    command += ["--model", str(model), "--broker", broker, "--config", str(config)]
    lines: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        stderr = process.stderr
        assert stderr is not None
        reader = threading.Thread(target=lambda: lines.extend(line.rstrip() for line in stderr))
        reader.start()
        try:
            wait_until(lambda: lines)
            assert not lines[0].startswith("error"), lines
            yield lines
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == 0
            reader.join()


def text_of(package: Package) -> str:
    return f"{package.info['name']} {package.blob[-4:].hex()}"


def test_the_button_sends_the_model(
    home: Home, broker: str, operator: Operator, model: Package, repo: Path, tmp_path: Path
) -> None:
    new = load_package(repo / "models/occupancy")
    settings = {"update": {"secret": SECRET}, "period_ms": 5000}
    config = tmp_path / "node.toml"
    config.write_text(f'[update]\nsecret = "{SECRET}"\n')
    config.chmod(0o600)
    log = read_log(small_log(tmp_path / "log.csv", 6000))
    node_settings = node_config(settings, parse_broker(broker), NODE)
    with SimulatedNode(model, log, node_settings, 1, world=FAST) as node:
        operator.hear("event", event="reset")
        with publishing(broker, new.path, config) as lines:
            wait_until(lambda: "installed_version" in home.version(), home.version)
            assert home.update() == {
                "platform": "update",
                "unique_id": f"edgewise_{NODE}_model",
                "name": "Model",
                "state_topic": f"edgewise/{NODE}/model/version",
                "entity_category": "config",
                "command_topic": f"edgewise/{NODE}/model/install",
                "payload_install": "install",
            }
            idle = {"in_progress": False, "update_percentage": None}
            before = {"installed_version": text_of(model), "latest_version": text_of(new)}
            assert home.version() == before | idle
            home.press("something else")
            home.press(node="stranger")
            home.press()
            home.press()
            after = before | {"installed_version": text_of(new)}
            wait_until(lambda: home.version() == after | idle, home.version)
            assert (node.flash / "model.bin").read_bytes() == new.blob
            home.press()  # it has this model: nothing to do
        asked = [line for line in lines if "Home Assistant asks" in line]
        assert asked == [f"{NODE}: Home Assistant asks for {text_of(new)}"]
        assert f"{NODE}: confirmed" in lines
        assert home.percents[0] == 0 and home.percents[-1] == 100
        assert home.percents == sorted(home.percents)
        assert edgewise("ha", "clean", "--broker", broker, "--node", NODE).returncode == 0
        wait_until(lambda: not home.version() and not home.update(), lambda: str(home.kept))


def test_a_node_without_a_key_has_no_button(
    home: Home, broker: str, repo: Path, tmp_path: Path
) -> None:
    config = tmp_path / "node.toml"
    config.write_text("period_ms = 60000\n")
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes/cellar.toml").write_text('node = "cellar"\nsleep = true\n')
    client = MqttClient(parse_broker(broker))
    client.connect(parse_broker(broker).host, parse_broker(broker).port)
    client.loop_start()
    client.publish("edgewise/attic/status", "offline", 1, retain=True)
    client.publish("edgewise/cellar/state", "{}", 1, retain=True).wait_for_publish(LIMIT_S)
    reset = {"event": "reset", "model": "mine", "crc": "0badcafe", "ts": None}
    with publishing(broker, repo / "models/occupancy", config) as lines:
        wait_until(lambda: home.version("attic"))
        client.publish("edgewise/attic/event", json.dumps(reset), 1)
        wait_until(lambda: home.version("attic").get("installed_version") == "mine 0badcafe")
        home.press(node="attic")
        home.press(node="attic", retain=True)
        client.publish("edgewise/attic/event", "[" * 9000, 1)
        reset["model"] = "yours"
        client.publish("edgewise/attic/event", json.dumps(reset), 1)
        wait_until(lambda: home.version("attic").get("installed_version") == "yours 0badcafe")
    client.disconnect()
    client.loop_stop()
    assert "command_topic" not in home.update("attic")
    assert home.update("attic")["entity_category"] == "diagnostic"
    assert home.update("cellar") == {"platform": "update"}  # it does not listen
    assert f"attic: no update.secret in {config}: only the versions are shown" in lines
    assert not [line for line in lines if "Home Assistant asks" in line]


@pytest.mark.parametrize("more", [[], ["--stay"], ["--config", "node.toml"]])
def test_updates_need_a_process_and_keys(more: list[str], broker: str, repo: Path) -> None:
    model = str(repo / "models/occupancy")
    result = edgewise("ha", "publish", "--broker", broker, "--model", model, "--updates", *more)
    assert (result.returncode, result.stderr) == (
        2,
        "error: --updates: this command sends the models: add --stay, and --config with the "
        "keys\n",
    )
