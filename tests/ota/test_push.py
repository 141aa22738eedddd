"""Models over the air: the real node, real mosquitto; taken, confirmed, rejected, undone."""

from __future__ import annotations

import importlib
import json
import queue
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import paho.mqtt.client as mqtt
import pytest
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.shared import LIMIT_S, once, small_log

from edgenode.core import loader
from edgewise.compile import compile_model
from edgewise.features.splitting import split_log
from edgewise.logs.log import Log, read_log
from edgewise.ota import Target, container, push
from edgewise.ota.offer import chunk, offer
from edgewise.ota.targets import connect
from edgewise.package.store import Package, load_package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.training import train
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
SECRET = "0f" * 32
TARGET = Target("edgewise", NODE, SECRET)
pushing = importlib.import_module("edgewise.ota.push")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The same room with other names for its classes."""

    def build(folder: Path) -> None:
        path = small_log(folder / "log.csv", 900)
        path.write_text(path.read_text().replace(",open", ",wide").replace(",closed", ",shut"))
        compile_model(train(*split_log(path)), folder / "other", {})

    return load_package(once(tmp_path_factory, "other-names", build) / "other")


@pytest.fixture
def long_log(tmp_path: Path) -> Log:
    return read_log(small_log(tmp_path / "long.csv", 6000))


@pytest.fixture
def node(
    model: Package, long_log: Log, broker: str, operator: Operator
) -> Iterator[SimulatedNode]:
    config = {"update": {"secret": SECRET}, "period_ms": 5000, "serial": True}
    settings = node_config(config, parse_broker(broker), NODE)
    with SimulatedNode(model, long_log, settings, 1, world=FAST) as running:
        operator.hear("event", event="reset")
        yield running


@pytest.fixture
def client(broker: str) -> Iterator[mqtt.Client]:
    client = connect(parse_broker(broker))
    yield client
    client.disconnect()
    client.loop_stop()


class Offering:
    """Offers and pieces by hand, and what the node says of them."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        topic = f"edgewise/{NODE}/model/result"
        client.message_callback_add(topic, lambda _c, _d, m: self._said.put(json.loads(m.payload)))
        client.subscribe(topic, 1)

    def send(self, leaf: str, payload: str | bytes) -> None:
        self._client.publish(f"edgewise/{NODE}/model/{leaf}", payload, 1)

    def offer(self, name: str, data: bytes, counter: int, **wrong: Any) -> dict[str, Any]:
        given = offer(name, NODE, data, counter, wrong.pop("secret", SECRET))
        self.send("offer", json.dumps(given | wrong))
        return self.hear(name)

    def hear(self, name: str) -> dict[str, Any]:
        while True:
            said = self._said.get(timeout=LIMIT_S)
            if said["id"] == name:
                return said

    def deliver(self, name: str, data: bytes, counter: int) -> dict[str, Any]:
        """All pieces; the first word of the node that is no wish."""
        said = self.offer(name, data, counter)
        while said.get("want") is not None:
            self.send("chunk", chunk(data, said["want"]))
            said = self.hear(name)
        return said

    def verdict(self, name: str) -> dict[str, Any]:
        said = self.hear(name)
        while said["ok"] is None:
            said = self.hear(name)
        return said


@pytest.fixture
def offering(client: mqtt.Client) -> Offering:
    return Offering(client)


def test_a_good_model_is_confirmed_and_used(
    node: SimulatedNode, operator: Operator, client: mqtt.Client, model: Package, other: Package
) -> None:
    assert operator.hear("state")["cls"] in model.classes
    verdict = push(client, TARGET, container(other), verdict_s=LIMIT_S)
    assert (verdict.ok, verdict.error) == (True, None)
    assert (node.flash / "model.bin").read_bytes() == other.blob
    assert (node.flash / "model.bin.old").read_bytes() == model.blob
    assert operator.hear("state", boot=2)["cls"] in other.classes
    told = operator.order("model")["value"]
    assert (told["name"], told["state"]) == ("other", "idle")
    taken = [s for s in _states(node) if s["boot"] == 1][-1], _states(node)[-1]
    assert taken[0]["boot"] == 1 and taken[1]["boot"] == 2


def _states(node: SimulatedNode) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in node.lines if line.startswith("state ")]


def test_refused_at_the_offer(node: SimulatedNode, offering: Offering, other: Package) -> None:
    data = container(other)
    before = (node.flash / "model.bin").read_bytes()
    said = {
        "wrong key": offering.offer("a", data, 5, secret="aa" * 32),
        "do not fit": offering.offer("b", bytes(40000), 5),
        "malformed offer": offering.offer("c", data, 5, sha256="zz"),
    }
    assert said["wrong key"] == {"id": "a", "ok": False, "error": "wrong key"}
    assert "bytes do not fit" in said["do not fit"]["error"]
    assert said["malformed offer"]["error"] == "malformed offer"
    assert offering.offer("d", data, 9)["want"] == 0
    for name, counter in (("e", 8), ("f", 0)):
        assert offering.offer(name, data, counter)["error"] == f"counter {counter} is not above 9"
    assert offering.offer("g", data + b"x", 9)["error"] == "counter 9 is not above 9"
    for payload in (b"", b"[]", b"{}", b'{"id":true}', b"\xff", b'{"id":"x"}', b'{"id":' * 50):
        offering.send("offer", payload)
    assert offering.offer("d", data, 9)["want"] == 0
    assert (node.flash / "model.bin").read_bytes() == before


def test_a_node_without_a_key_takes_none(
    model: Package, log: Log, broker: str, operator: Operator, offering: Offering, other: Package
) -> None:
    settings = node_config({}, parse_broker(broker), NODE)
    with SimulatedNode(model, log, settings, 1, world=FAST):
        operator.hear("event", event="reset")
        said = offering.offer("a", container(other), 5)
    assert said["error"] == "this node has no key: set update.secret"


def _changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_rejected_when_it_is_tried(
    node: SimulatedNode, operator: Operator, offering: Offering, model: Package, other: Package
) -> None:
    data = container(other)
    blob = len(other.blob)
    wrong = {
        "gives another class": _changed(data, len(data) - 1),
        "golden vectors are cut off": data[:-1],
        "not a model for an update": b"x" + data[1:],
        "golden vectors are not for these": data[:10] + struct.pack("<H", 3) + data[12:],
        "model:": _changed(data, 12 + blob // 2),
    }
    for counter, (why, bad) in enumerate(wrong.items(), 1):
        assert offering.deliver(why, bad, counter)["want"] is None
        said = offering.verdict(why)
        assert said["ok"] is False
        assert why in said["error"]
    assert (node.flash / "model.bin").read_bytes() == model.blob
    assert not (node.flash / "model.new").exists()
    assert operator.order("model")["value"]["state"] == "idle"


def test_what_came_is_not_what_was_offered(
    node: SimulatedNode, offering: Offering, other: Package
) -> None:
    data = container(other)
    said = offering.offer("a", data, 1)
    bad = _changed(data, 700)
    while said.get("want") is not None:
        piece = bad[said["want"] : said["want"] + 1024]
        offering.send("chunk", chunk(data, said["want"])[:8] + piece)
        said = offering.hear("a")
    assert said["error"] == "bad hash: what came is not what was offered"
    assert offering.offer("b", data, 2)["want"] == 0


def test_lost_doubled_and_reordered_pieces(
    node: SimulatedNode, offering: Offering, other: Package
) -> None:
    data = container(other)
    assert offering.offer("a", data, 1)["want"] == 0
    offering.send("chunk", b"")
    offering.send("chunk", b"\0" * 2000)
    for at in (512, 0, 0, 512, 256, 0):
        offering.send("chunk", chunk(data, at)[: 8 + 256])
    assert [offering.hear("a")["want"] for _ in range(6)] == [0, 256, 256, 256, 512, 512]
    assert offering.deliver("a", data, 1)["want"] is None
    assert offering.verdict("a")["ok"] is True


def test_a_transfer_goes_on_after_a_power_cut(
    node: SimulatedNode, operator: Operator, offering: Offering, other: Package
) -> None:
    data = container(other)
    assert offering.offer("a", data, 1)["want"] == 0
    offering.send("chunk", chunk(data, 0))
    assert offering.hear("a")["want"] == 1024
    node.cut_power()
    operator.hear("event", event="reset")
    assert offering.offer("a", data, 1)["want"] == 1024
    assert offering.deliver("a", data, 1)["want"] is None
    assert offering.verdict("a")["ok"] is True


FAULTS = {"crash": " 1 // 0\n", "freeze": " while True:\n  pass\n"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_with_which_it_cannot_live_is_undone(
    node: SimulatedNode,
    operator: Operator,
    offering: Offering,
    model: Package,
    other: Package,
    fault: str,
) -> None:
    assert offering.deliver("a", container(other), 1)["want"] is None
    said = offering.hear("a")
    assert said.get("trial") is True
    # what a model can do to a node: never come back from a prediction, or raise
    (node.flash / "model.py").write_text(_evil(other, FAULTS[fault]))
    node.cut_power()
    said = offering.verdict("a")
    assert said["ok"] is False
    assert said["error"] == "rolled back: the node did not start with it"
    assert (node.flash / "model.bin").read_bytes() == model.blob


def _evil(other: Package, body: str) -> str:
    _, table = loader.unpack(other.blob)
    return f"CRC = {crc32(bytes(memoryview(table)))}\ndef votes(x, out):\n{body}"


def test_a_model_without_the_class_that_drives_the_actuator(
    model: Package,
    long_log: Log,
    broker: str,
    operator: Operator,
    offering: Offering,
    other: Package,
) -> None:
    config = {"update": {"secret": SECRET}, "actuator": {"pin": 5, "on": "open"}}
    settings = node_config(config, parse_broker(broker), NODE)
    with SimulatedNode(model, long_log, settings, 1, world=FAST) as node:
        operator.hear("event", event="reset")
        assert offering.deliver("a", container(other), 1)["want"] is None
        said = offering.verdict("a")
        assert said["error"] == "no class of it is open, which actuator.on names"
        assert (node.flash / "model.bin").read_bytes() == model.blob
        assert operator.hear("state", boot=2)["cls"] in model.classes
        assert operator.order("model")["value"]["error"] == said["error"]


def test_an_offer_that_comes_again_gets_the_state(
    node: SimulatedNode, offering: Offering, other: Package
) -> None:
    data = container(other)
    assert offering.deliver("a", data, 5)["want"] is None
    while not offering.hear("a").get("trial"):
        pass
    assert offering.offer("a", data, 5) == {"id": "a", "ok": None, "error": None, "want": None}
    assert offering.verdict("a")["ok"] is True
    assert offering.offer("a", data, 5) == {"id": "a", "ok": True, "error": None}
    assert offering.offer("b", data, 5)["error"] == "counter 5 is not above 5"


def test_a_verdict_that_is_lost_is_asked_for(
    node: SimulatedNode, client: mqtt.Client, other: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = []
    heard = pushing._Conversation._on_message

    def deaf(talk: Any, client: Any, data: Any, message: Any) -> None:
        if json.loads(message.payload)["ok"] is not None and not lost:
            lost.append(message)
        else:
            heard(talk, client, data, message)

    monkeypatch.setattr(pushing._Conversation, "_on_message", deaf)
    monkeypatch.setattr(pushing, "_VERDICT_RETRY_S", 1.0)
    verdict = push(client, TARGET, container(other), verdict_s=LIMIT_S)
    assert (verdict.ok, len(lost)) == (True, 1)


def test_rolled_back_while_it_is_tried(
    node: SimulatedNode, operator: Operator, offering: Offering, model: Package, other: Package
) -> None:
    assert offering.deliver("a", container(other), 5)["want"] is None
    while not offering.hear("a").get("trial"):
        pass
    assert operator.order("model", "rollback")["ok"] is True
    assert offering.verdict("a")["error"] == "rolled back: a command asked for it"
    operator.hear("event", event="reset", boot=3)
    told = operator.order("model")["value"]
    assert (told["name"], told["state"]) == ("window", "idle")
    assert (node.flash / "model.bin").read_bytes() == model.blob


def test_back_to_the_model_before(
    node: SimulatedNode, operator: Operator, client: mqtt.Client, model: Package, other: Package
) -> None:
    assert "no model before" in operator.order("model", "rollback")["error"]
    assert "status or rollback" in operator.order("model", "x")["error"]
    assert push(client, TARGET, container(other), verdict_s=LIMIT_S).ok
    assert operator.order("model", "rollback")["ok"] is True
    operator.hear("event", event="reset")
    assert operator.order("model")["value"]["name"] == "window"
    assert (node.flash / "model.bin").read_bytes() == model.blob
    assert (node.flash / "model.bin.old").read_bytes() == other.blob


def test_at_most_one_reading_is_missing(
    node: SimulatedNode, client: mqtt.Client, other: Package, operator: Operator
) -> None:
    operator.hear("state")
    assert push(client, TARGET, container(other), verdict_s=LIMIT_S).ok
    said = _states(node)
    last = max(i for i, s in enumerate(said) if s["boot"] == 1)
    gap_s = said[last + 1]["ts"] - said[last]["ts"]
    assert gap_s <= 2 * 30  # the log has a reading each 30 s
