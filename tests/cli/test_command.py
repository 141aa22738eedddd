"""`edgewise command` to several nodes: those of a room, and all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from sqlalchemy import Engine
from tests.command import edgewise
from tests.dashboard.past import row, store

from edgewise.database.names import set_name
from edgewise.messages.client import MqttClient
from edgewise.ota.targets import connect
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


@pytest.fixture
def nodes(broker: str, engine: Engine, tmp_path: Path) -> Iterator[list[str]]:
    """a, b, c and d at the broker, d offline; c refuses; a, c and d are in the lab."""
    asked: list[str] = []
    client = connect(parse_broker(broker))
    assert isinstance(client, MqttClient)

    def answer(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        node = message.topic.split("/")[1]
        asked.append(node)
        reply = {"id": json.loads(message.payload)["id"], "ok": node != "c", "error": None}
        if node == "c":
            reply["error"] = "period_ms must be 2000 or more"
        elif message.topic.endswith("ping"):
            reply["value"] = {"uptime_s": 7}
        client.publish(f"{message.topic}/result", json.dumps(reply), 1)

    client.message_callback_add("edgewise/+/cmd/+", answer)
    client.subscribe("edgewise/+/cmd/+", 1)
    for name in "abcd":
        status = "offline" if name == "d" else "online"
        client.publish(f"edgewise/{name}/status", status, 1, retain=True).wait_for_publish(20)
        store(engine, [row(name, 1, 1e9)])
        if name != "b":
            set_name(engine, name, f"Desk {name.upper()}", "lab")
    yield asked
    client.disconnect()
    client.loop_stop()


def test_the_nodes_of_a_room_and_all(
    nodes: list[str], broker: str, db: str, tmp_path: Path
) -> None:
    to = ("--broker", broker, "--db", db)
    result = edgewise("command", "period", "5", "--node", "room:LAB", *to, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == "Desk A (a): done\n"
    assert result.stderr.splitlines() == [
        "Desk C (c): period_ms must be 2000 or more",
        "Desk D (d): offline, nothing sent",
        "error: 2 of 3 nodes did not obey: c, d: see the reasons above",
    ]
    assert nodes == ["a", "c"]
    result = edgewise("command", "ping", "--node", "all", *to, "--json", cwd=tmp_path)
    assert result.returncode == 1
    answers = json.loads(result.stdout)["nodes"]
    assert [answers[name]["ok"] for name in "abcd"] == [True, True, False, False]
    assert answers["b"]["value"] == {"uptime_s": 7}
    # one node is as it was: its answer alone, and it is waited for
    one = edgewise("command", "ping", "--node", "a", *to, "--json", cwd=tmp_path)
    assert one.returncode == 0 and json.loads(one.stdout)["value"] == {"uptime_s": 7}


def test_a_room_that_nobody_knows_is_refused(
    broker: str, engine: Engine, db: str, tmp_path: Path
) -> None:
    for more, why in (
        ((), "--node room:lab: name the database that knows the rooms with --db"),
        (("--db", db), "no node is in room 'lab': no node has a room"),
    ):
        words = ("command", "ping", "--node", "room:lab", "--broker", broker, *more)
        result = edgewise(*words, cwd=tmp_path)
        assert result.returncode == 2 and why in result.stderr, result.stderr
