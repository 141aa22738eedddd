"""Announced, announced again when Home Assistant starts, removed: with real mosquitto."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.broker.mosquitto import Mosquitto, free_port
from tests.broker.secured import open_folder, password
from tests.command import edgewise
from tests.shared import LIMIT_S

from edgewise.broker.setup import init
from edgewise.database import open_db
from edgewise.database.names import set_name
from edgewise.database.schema import status
from edgewise.errors import OutsideError
from edgewise.homeassistant import publish
from edgewise.messages.client import MqttClient
from edgewise.ota.targets import connect
from edgewise.package.store import load_package
from edgewise.urls import parse_broker

EDGEWISE = [sys.executable, "-m", "edgewise.cli.main", "ha"]
TOPIC = "homeassistant/device/attic/config"

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


class Home:
    """Home Assistant's place on the broker."""

    def __init__(self, url: str) -> None:
        broker_url = parse_broker(url)
        self.messages: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.client = MqttClient(broker_url)
        self.client.on_message = lambda _c, _d, m: self.messages.put(
            (m.topic, bytes(m.payload), m.retain)
        )
        self.client.connect(broker_url.host, broker_url.port)
        self.client.subscribe("homeassistant/device/#", 1)
        self.client.loop_start()

    def say(self, topic: str, text: str, retain: bool = False) -> None:
        self.client.publish(topic, text, 1, retain).wait_for_publish(LIMIT_S)

    def receive(self) -> tuple[str, Any]:
        topic, payload, _ = self.messages.get(timeout=LIMIT_S)
        return topic, json.loads(payload) if payload else None


@pytest.fixture
def home(broker: str) -> Iterator[Home]:
    assistant = Home(broker)
    assistant.say("edgewise/attic/state", "{}", retain=True)
    assistant.say("edgewise/attic/status", "online", retain=True)
    yield assistant
    assistant.client.disconnect()
    assistant.client.loop_stop()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return edgewise("ha", *arguments)


def test_announced_and_taken_back(home: Home, broker: str, repo: Path) -> None:
    home.say("homeassistant/device/fridge/config", '{"o": {"name": "Fridge"}}', retain=True)
    home.receive()
    home.say("homeassistant/device/deep/config", "[" * 9000, retain=True)
    home.messages.get(timeout=LIMIT_S)
    model = str(repo / "models/occupancy")
    result = run("publish", "--broker", broker, "--model", model, "--json", "--fahrenheit")
    assert (result.returncode, json.loads(result.stdout)) == (0, {"announced": ["attic"]}), (
        result.stderr
    )
    topic, device = home.receive()
    assert topic == TOPIC
    assert device["cmps"]["temperature"]["unit_of_measurement"] == "°F"
    assert device["cmps"]["class"]["options"] == load_package(Path(model)).classes
    result = run("clean", "--broker", broker, "--node", "all", "--json")
    assert (result.returncode, json.loads(result.stdout)) == (0, {"taken_back": ["attic"]})
    assert home.receive() == (TOPIC, None)


def test_again_when_home_assistant_starts(home: Home, broker: str, repo: Path) -> None:
    arguments = ["publish", "--broker", broker, "--model", str(repo / "models/occupancy")]
    arguments.append("--stay")
    with subprocess.Popen([*EDGEWISE, *arguments], stderr=subprocess.PIPE, text=True) as process:
        assert home.receive()[0] == TOPIC
        # it listens soon after the announcement: a start that it missed is said again
        while True:
            home.say("homeassistant/status", "online")
            try:
                topic, payload, retained = home.messages.get(timeout=6)
                break
            except queue.Empty:
                continue
        assert (topic, retained) == (TOPIC, False) and payload
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0


def test_names_and_rooms_of_the_database(
    home: Home, broker: str, repo: Path, tmp_path: Path
) -> None:
    db = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(db)
    with engine.begin() as connection:
        connection.execute(status.insert().values(node="attic", online=1, received_at=1.0))
    set_name(engine, "attic", "Window, left", "lab")
    arguments = ["publish", "--broker", broker, "--model", str(repo / "models/occupancy")]
    arguments += ["--stay", "--db", db]
    with subprocess.Popen([*EDGEWISE, *arguments], stderr=subprocess.PIPE, text=True) as process:
        topic, device = home.receive()
        assert topic == TOPIC
        assert device["dev"]["name"] == "Window, left"
        assert device["dev"]["suggested_area"] == "lab"
        set_name(engine, "attic", "Door", "")
        while device["dev"]["name"] != "Door":
            topic, device = home.receive()
            assert topic == TOPIC
        assert "suggested_area" not in device["dev"]
        assert device["dev"]["identifiers"] == ["edgewise_attic"]
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    result = run("publish", "--broker", broker, "--model", arguments[4], "--db", "sqlite:///no.db")
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)


def test_each_node_by_its_settings(home: Home, broker: str, repo: Path, tmp_path: Path) -> None:
    home.say("edgewise/cellar/state", "{}", retain=True)
    home.say("edgewise/a b/status", "online", retain=True)
    arguments = ["publish", "--broker", broker, "--model", str(repo / "models/occupancy")]
    arguments.append("--json")
    result = run(*arguments)
    assert (result.returncode, json.loads(result.stdout)) == (0, {"announced": ["attic"]})
    lines = result.stderr.splitlines()
    assert lines[0].startswith("left out: node 'a b': Home Assistant takes letters")
    assert lines[1:] == [
        "left out: node 'cellar': it sleeps: name its settings with --config",
        "announced: attic",
    ]
    config = tmp_path / "node.toml"
    config.write_text("period_ms = 60000\n")
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes/cellar.toml").write_text(
        'node = "cellar"\nsleep = true\nreport_every = 10\n'
    )
    fan = '[[outputs]]\nname = "fan"\npin = 25\non = "1"\n'
    (tmp_path / "nodes/attic.toml").write_text(f'node = "attic"\n{fan}')
    result = run(*arguments, "--config", str(config))
    assert (result.returncode, json.loads(result.stdout)) == (
        0,
        {"announced": ["attic", "cellar"]},
    )
    devices = [home.receive()[1] for _ in range(3)][1:]
    assert [device["cmps"]["temperature"].get("expire_after") for device in devices] == [
        None,
        1500,
    ]
    assert [device["cmps"]["output_1"].get("name") for device in devices] == ["Output fan", None]


def test_a_connection_that_is_lost(broker: str) -> None:
    client = connect(parse_broker(broker))
    client.disconnect()
    client.loop_stop()
    with pytest.raises(OutsideError, match="does not answer: check that it runs"):
        publish(client, {"attic": {}})


def test_a_user_without_the_right(broker: str, repo: Path) -> None:
    with open_folder() as parent:
        port = free_port()
        init(parent / "b", ["localhost"], ["n1"], port)
        arguments = ["publish", "--model", str(repo / "models/occupancy"), "--node", "n2"]
        arguments += ["--ca", str(parent / "b/ca.pem"), "--broker"]
        with Mosquitto(parent / "b", port):
            assert run(*arguments, (parent / "b/operator.url").read_text().strip()).returncode == 0
            user = f"n1:{password(parent / 'b', 'n1')}"
            result = run(*arguments, f"mqtts://{user}@localhost:{port}")
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "the broker does not take it: check this user's rights" in result.stderr


def test_wrong_use(home: Home, broker: str, repo: Path) -> None:
    model = str(repo / "models/occupancy")
    result = run("publish", "--broker", broker, "--model", model, "--node", "a/b")
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    result = run("publish", "--broker", broker, "--model", model, "--base", "nobody")
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "no node below nobody/" in result.stderr
