"""Announced, announced again when Home Assistant starts, taken back: with real mosquitto."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgewise import package
from edgewise.urls import parse_broker

EDGEWISE = [sys.executable, "-m", "edgewise.cli.main", "ha"]
LIMIT_S = 30
TOPIC = "homeassistant/device/attic/config"

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


class Home:
    """Home Assistant's place on the broker."""

    def __init__(self, url: str) -> None:
        at = parse_broker(url)
        self.heard: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _c, _d, m: self.heard.put(
            (m.topic, bytes(m.payload), m.retain)
        )
        self.client.connect(at.host, at.port)
        self.client.subscribe("homeassistant/device/#", 1)
        self.client.loop_start()

    def say(self, topic: str, text: str, retain: bool = False) -> None:
        self.client.publish(topic, text, 1, retain).wait_for_publish(LIMIT_S)

    def next(self) -> tuple[str, Any]:
        topic, payload, _ = self.heard.get(timeout=LIMIT_S)
        return topic, json.loads(payload) if payload else None


@pytest.fixture
def home(broker: str) -> Iterator[Home]:
    made = Home(broker)
    made.say("edgewise/attic/state", "{}", retain=True)
    yield made
    made.client.disconnect()
    made.client.loop_stop()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*EDGEWISE, *words], capture_output=True, text=True, timeout=LIMIT_S)


def test_announced_and_taken_back(home: Home, broker: str, repo: Path) -> None:
    home.say("homeassistant/device/fridge/config", '{"o": {"name": "Fridge"}}', retain=True)
    home.next()
    model = str(repo / "models/occupancy")
    done = run("publish", "--broker", broker, "--model", model, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"announced": ["attic"]}), done.stderr
    topic, told = home.next()
    assert topic == TOPIC
    assert told["cmps"]["class"]["options"] == package.load(Path(model)).classes
    done = run("clean", "--broker", broker, "--node", "all", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"taken_back": ["attic"]})
    assert home.next() == (TOPIC, None)


def test_again_when_home_assistant_starts(home: Home, broker: str, repo: Path) -> None:
    words = ["publish", "--broker", broker, "--model", str(repo / "models/occupancy"), "--stay"]
    with subprocess.Popen([*EDGEWISE, *words], stderr=subprocess.PIPE, text=True) as staying:
        assert home.next()[0] == TOPIC
        # it listens soon after the announcement: a start that it missed is said again
        while True:
            home.say("homeassistant/status", "online")
            try:
                topic, payload, retained = home.heard.get(timeout=6)
                break
            except queue.Empty:
                continue
        assert (topic, retained) == (TOPIC, False) and payload
        staying.send_signal(signal.SIGINT)
        assert staying.wait(LIMIT_S) == 0


def test_a_sleeping_node_expires(home: Home, broker: str, repo: Path, tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text("sleep = true\nreport_every = 10\nperiod_ms = 60000\n")
    words = ["--broker", broker, "--model", str(repo / "models/occupancy"), "--node", "attic"]
    assert run("publish", *words, "--config", str(config)).returncode == 0
    _, told = home.next()
    assert told["cmps"]["temperature"]["expire_after"] == 1500


def test_wrong_use(home: Home, broker: str, repo: Path) -> None:
    model = str(repo / "models/occupancy")
    done = run("publish", "--broker", broker, "--model", model, "--node", "a/b")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    done = run("publish", "--broker", broker, "--model", model, "--base", "nobody")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "no node below nobody/" in done.stderr
