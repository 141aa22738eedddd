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
from tests.command import edgewise
from tests.compile.ask_litert import FOLDER
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.e2e.test_spine import HEADS
from tests.package.heads_of import write_with_heads
from tests.shared import LIMIT_S, once, small_log

from edgenode.core import loader
from edgewise.compile import compile_model, compile_network
from edgewise.features.splitting import split_log
from edgewise.logs.log import Log, read_log
from edgewise.ota import Target, container, push
from edgewise.ota.offer import chunk, offer
from edgewise.ota.targets import connect
from edgewise.package.store import Package, load_package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.training import Budget, train
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
SECRET = "0f" * 32
TARGET = Target("edgewise", NODE, SECRET)
pushing = importlib.import_module("edgewise.ota.push")


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The same room with other names for its classes."""

    def build(folder: Path) -> None:
        path = small_log(folder / "log.csv", 900)
        path.write_text(path.read_text().replace(",open", ",wide").replace(",closed", ",shut"))
        compile_model(train(*split_log(path), Budget(60)), folder / "other", {})

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
    operator.secret = SECRET
    with SimulatedNode(model, long_log, settings, 1, world=FAST) as simulated:
        operator.hear("event", event="reset")
        yield simulated


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
        self._replies: queue.Queue[dict[str, Any]] = queue.Queue()
        topic = f"edgewise/{NODE}/model/result"
        client.message_callback_add(
            topic, lambda _c, _d, m: self._replies.put(json.loads(m.payload))
        )
        client.subscribe(topic, 1)

    def send(self, leaf: str, payload: str | bytes) -> None:
        self._client.publish(f"edgewise/{NODE}/model/{leaf}", payload, 1)

    def offer(self, name: str, data: bytes, counter: int, **overrides: Any) -> dict[str, Any]:
        fields = offer(name, NODE, data, counter, overrides.pop("secret", SECRET))
        self.send("offer", json.dumps(fields | overrides))
        return self.hear(name)

    def hear(self, name: str) -> dict[str, Any]:
        while True:
            reply = self._replies.get(timeout=LIMIT_S)
            if reply["id"] == name:
                return reply

    def deliver(self, name: str, data: bytes, counter: int) -> dict[str, Any]:
        """All pieces; the first word of the node that is no wish."""
        reply = self.offer(name, data, counter)
        while reply.get("want") is not None:
            self.send("chunk", chunk(data, reply["want"]))
            reply = self.hear(name)
        return reply

    def verdict(self, name: str) -> dict[str, Any]:
        reply = self.hear(name)
        while reply["ok"] is None:
            reply = self.hear(name)
        return reply


@pytest.fixture
def offering(client: mqtt.Client) -> Offering:
    return Offering(client)


def test_a_good_model_is_confirmed_and_used(
    node: SimulatedNode,
    operator: Operator,
    client: mqtt.Client,
    model: Package,
    other_model: Package,
) -> None:
    assert operator.hear("state")["cls"] in model.classes
    verdict = push(client, TARGET, container(other_model), silence_s=LIMIT_S)
    assert (verdict.ok, verdict.error) == (True, None)
    assert (node.flash / "model.bin").read_bytes() == other_model.blob
    assert (node.flash / "model.bin.old").read_bytes() == model.blob
    assert operator.hear("state", boot=2)["cls"] in other_model.classes
    status = operator.order("model")["value"]
    assert (status["name"], status["state"]) == ("other", "idle")
    assert status["crc"] == other_model.blob[-4:].hex()
    states = [s for s in _states(node) if s["boot"] == 1][-1], _states(node)[-1]
    assert states[0]["boot"] == 1 and states[1]["boot"] == 2


def _states(node: SimulatedNode) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in node.lines if line.startswith("state ")]


def test_refused_at_the_offer(
    node: SimulatedNode, offering: Offering, other_model: Package
) -> None:
    data = container(other_model)
    blob = (node.flash / "model.bin").read_bytes()
    replies = {
        "wrong key": offering.offer("a", data, 5, secret="aa" * 32),
        "do not fit": offering.offer("b", bytes(40000), 5),
        "malformed offer": offering.offer("c", data, 5, sha256="zz"),
    }
    assert replies["wrong key"] == {"id": "a", "ok": False, "error": "wrong key"}
    assert "bytes do not fit" in replies["do not fit"]["error"]
    assert replies["malformed offer"]["error"] == "malformed offer"
    assert offering.offer("d", data, 9)["want"] == 0
    for name, counter in (("e", 8), ("f", 0)):
        assert offering.offer(name, data, counter)["error"] == f"counter {counter} is not above 9"
    assert offering.offer("g", data + b"x", 9)["error"] == "counter 9 is not above 9"
    for payload in (b"", b"[]", b"{}", b'{"id":true}', b"\xff", b'{"id":"x"}', b'{"id":' * 50):
        offering.send("offer", payload)
    assert offering.offer("d", data, 9)["want"] == 0
    assert (node.flash / "model.bin").read_bytes() == blob


def test_a_node_without_a_key_takes_none(
    model: Package,
    log: Log,
    broker: str,
    operator: Operator,
    offering: Offering,
    other_model: Package,
) -> None:
    settings = node_config({}, parse_broker(broker), NODE)
    with SimulatedNode(model, log, settings, 1, world=FAST):
        operator.hear("event", event="reset")
        reply = offering.offer("a", container(other_model), 5)
    assert reply["error"] == "this node has no key: set update.secret"


def _flip_bit(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]


def test_rejected_when_it_is_tried(
    node: SimulatedNode,
    operator: Operator,
    offering: Offering,
    model: Package,
    other_model: Package,
) -> None:
    data = container(other_model)
    blob_size = len(other_model.blob)
    faulty_data = {
        "gives another class": _flip_bit(data, len(data) - 1),
        "golden vectors are cut off": data[:-1],
        "not a model for an update": b"x" + data[1:],
        "golden vectors are not for these": data[:10] + struct.pack("<H", 3) + data[12:],
        "model:": _flip_bit(data, 12 + blob_size // 2),
    }
    for counter, (reason, faulty) in enumerate(faulty_data.items(), 1):
        assert offering.deliver(reason, faulty, counter)["want"] is None
        reply = offering.verdict(reason)
        assert reply["ok"] is False
        assert reason in reply["error"]
    assert (node.flash / "model.bin").read_bytes() == model.blob
    assert not (node.flash / "model.new").exists()
    assert operator.order("model")["value"]["state"] == "idle"


def test_a_model_with_heads_is_tried_on_its_golden_sequence(
    node: SimulatedNode,
    operator: Operator,
    offering: Offering,
    other_model: Package,
    log: Log,
    tmp_path: Path,
) -> None:
    detector = {"feature": [0], "usual": [10], "limit": [3000]}
    heads = HEADS | {"detector": detector}
    package = write_with_heads(other_model, heads, log, tmp_path / "m")
    data = container(package)
    faulty_data = {
        "gives another class": _flip_bit(data, len(data) - 3),
        "gives another class for a confidence": _flip_bit(data, len(data) - 2),
        "is more or less unusual": _flip_bit(data, len(data) - 1),
        "golden sequence is cut off": data[:-1],
        "golden sequence is cut off: no readings": data[: -8 * 240 - 2],
    }
    for counter, (name, faulty) in enumerate(faulty_data.items(), 1):
        assert offering.deliver(name, faulty, counter)["want"] is None
        reply = offering.verdict(name)
        assert reply["ok"] is False
        assert name.split(" for ")[0].split(":")[0] in reply["error"]
    assert offering.deliver("good", data, 9)["want"] is None
    assert offering.verdict("good")["ok"] is True
    assert operator.order("model")["value"]["state"] == "idle"


def test_a_network_takes_the_place_of_trees(
    node: SimulatedNode, operator: Operator, client: mqtt.Client, log: Log, tmp_path: Path
) -> None:
    files = FOLDER / "keras.tflite", log, tmp_path / "net", str(FOLDER / "inputs.csv")
    compile_network(*files)
    package = load_package(tmp_path / "net")
    verdict = push(client, TARGET, container(package), silence_s=LIMIT_S)
    assert (verdict.ok, verdict.error) == (True, None)
    assert (node.flash / "model.bin").read_bytes() == package.blob
    assert operator.hear("event", event="reset", boot=2)["runtime"] == "viper-network"
    assert operator.hear("state", boot=2)["cls"] in package.classes


def test_what_came_is_not_what_was_offered(
    node: SimulatedNode, offering: Offering, other_model: Package
) -> None:
    data = container(other_model)
    reply = offering.offer("a", data, 1)
    faulty_data = _flip_bit(data, 700)
    while reply.get("want") is not None:
        piece = faulty_data[reply["want"] : reply["want"] + 1024]
        offering.send("chunk", chunk(data, reply["want"])[:8] + piece)
        reply = offering.hear("a")
    assert reply["error"] == "bad hash: what came is not what was offered"
    assert offering.offer("b", data, 2)["want"] == 0


def test_lost_doubled_and_reordered_pieces(
    node: SimulatedNode, offering: Offering, other_model: Package
) -> None:
    data = container(other_model)
    assert offering.offer("a", data, 1)["want"] == 0
    offering.send("chunk", b"")
    offering.send("chunk", b"\0" * 2000)
    for offset in (512, 0, 0, 512, 256, 0):
        offering.send("chunk", chunk(data, offset)[: 8 + 256])
    assert [offering.hear("a")["want"] for _ in range(6)] == [0, 256, 256, 256, 512, 512]
    assert offering.deliver("a", data, 1)["want"] is None
    assert offering.verdict("a")["ok"] is True


def test_a_transfer_goes_on_after_a_power_cut(
    node: SimulatedNode, operator: Operator, offering: Offering, other_model: Package
) -> None:
    data = container(other_model)
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
    other_model: Package,
    fault: str,
) -> None:
    assert offering.deliver("a", container(other_model), 1)["want"] is None
    reply = offering.hear("a")
    assert reply.get("trial") is True
    # what a model can do to a node: never come back from a prediction, or raise
    (node.flash / "model.py").write_text(_write_votes(other_model, FAULTS[fault]))
    node.cut_power()
    reply = offering.verdict("a")
    assert reply["ok"] is False
    assert reply["error"] == "rolled back: the node did not start with it"
    assert (node.flash / "model.bin").read_bytes() == model.blob


def _write_votes(other_model: Package, body: str) -> str:
    _, table = loader.unpack(other_model.blob)
    return f"CRC = {crc32(bytes(memoryview(table)))}\ndef votes(x, out):\n{body}"


@pytest.mark.parametrize(
    ("driven", "setting"),
    [
        ({"actuator": {"pin": 5, "on": "open"}}, "actuator.on"),
        ({"outputs": [{"name": "fan", "pin": 5, "on": "open"}]}, "outputs.fan.on"),
    ],
)
def test_a_model_without_the_class_that_drives_an_output(
    driven: dict[str, Any],
    setting: str,
    model: Package,
    long_log: Log,
    broker: str,
    operator: Operator,
    offering: Offering,
    other_model: Package,
) -> None:
    config = {"update": {"secret": SECRET}, **driven}
    settings = node_config(config, parse_broker(broker), NODE)
    with SimulatedNode(model, long_log, settings, 1, world=FAST) as node:
        operator.hear("event", event="reset")
        assert offering.deliver("a", container(other_model), 1)["want"] is None
        reply = offering.verdict("a")
        assert reply["error"] == f"no class of it is open, which {setting} names"
        assert (node.flash / "model.bin").read_bytes() == model.blob
        assert operator.hear("state", boot=2)["cls"] in model.classes
        assert operator.order("model")["value"]["error"] == reply["error"]


def test_an_offer_that_comes_again_gets_the_state(
    node: SimulatedNode, offering: Offering, other_model: Package
) -> None:
    data = container(other_model)
    assert offering.deliver("a", data, 5)["want"] is None
    while not offering.hear("a").get("trial"):
        pass
    assert offering.offer("a", data, 5) == {"id": "a", "ok": None, "error": None, "want": None}
    assert offering.verdict("a")["ok"] is True
    assert offering.offer("a", data, 5) == {"id": "a", "ok": True, "error": None}
    assert offering.offer("b", data, 5)["error"] == "counter 5 is not above 5"


def test_a_verdict_that_is_lost_is_asked_for(
    node: SimulatedNode, client: mqtt.Client, other_model: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost_messages = []
    on_message = pushing._Conversation._on_message

    def drop_verdict(conversation: Any, client: Any, data: Any, message: Any) -> None:
        if json.loads(message.payload)["ok"] is not None and not lost_messages:
            lost_messages.append(message)
        else:
            on_message(conversation, client, data, message)

    monkeypatch.setattr(pushing._Conversation, "_on_message", drop_verdict)
    monkeypatch.setattr(pushing, "_VERDICT_RETRY_S", 1.0)
    verdict = push(client, TARGET, container(other_model), silence_s=LIMIT_S)
    assert (verdict.ok, len(lost_messages)) == (True, 1)


def test_rolled_back_while_it_is_tried(
    node: SimulatedNode,
    operator: Operator,
    offering: Offering,
    model: Package,
    other_model: Package,
) -> None:
    assert offering.deliver("a", container(other_model), 5)["want"] is None
    while not offering.hear("a").get("trial"):
        pass
    assert operator.order("model", "rollback")["ok"] is True
    assert offering.verdict("a")["error"] == "rolled back: a command asked for it"
    operator.hear("event", event="reset", boot=3)
    status = operator.order("model")["value"]
    assert (status["name"], status["state"]) == ("window", "idle")
    assert (node.flash / "model.bin").read_bytes() == model.blob


def test_back_to_the_model_before(
    node: SimulatedNode,
    operator: Operator,
    client: mqtt.Client,
    model: Package,
    other_model: Package,
) -> None:
    assert "no model before" in operator.order("model", "rollback")["error"]
    assert "status or rollback" in operator.order("model", "x")["error"]
    assert push(client, TARGET, container(other_model), silence_s=LIMIT_S).ok
    assert operator.order("model", "rollback")["ok"] is True
    operator.hear("event", event="reset")
    assert operator.order("model")["value"]["name"] == "window"
    assert (node.flash / "model.bin").read_bytes() == model.blob
    assert (node.flash / "model.bin.old").read_bytes() == other_model.blob


def test_at_most_one_reading_is_missing(
    node: SimulatedNode, client: mqtt.Client, other_model: Package, operator: Operator
) -> None:
    operator.hear("state")
    assert push(client, TARGET, container(other_model), silence_s=LIMIT_S).ok
    (gap,) = (line for line in node.lines if "from the last slot to this run" in line)
    assert int(gap.split()[1]) <= 2 * 30_000  # a log has a reading each 30 s


def test_nobody_answers(client: mqtt.Client, broker: str, model: Package) -> None:
    verdict = push(client, TARGET, container(model), silence_s=1)
    assert (verdict.ok, verdict.error) == (False, "no answer within 1 s")
    for words in (("command", "ping"), ("model", "status")):
        result = edgewise(*words, "--node", NODE, "--broker", broker, "--timeout", "1")
        assert (result.returncode, result.stdout) == (1, "")
        assert f"node {NODE}: no answer within 1 s: is it on?" in result.stderr
