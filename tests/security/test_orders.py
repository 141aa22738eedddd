"""Orders of a stranger who may publish to a node's `cmd` topics."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.command import edgewise
from tests.e2e.operator_of import FAST, NODE, Operator

from edgewise.logs.log import Log
from edgewise.ota.order import order_payload
from edgewise.ota.targets import Target
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

KEY = "0f" * 32
TARGET = Target("edgewise", NODE, KEY)
OTHER = Target("edgewise", "other", KEY)
CHANGES: list[tuple[str, Any]] = [
    ("config", {"confirm": {"need": 2, "of": 3}}),
    ("model", "rollback"),
    ("reboot", None),
    ("safe", True),
    ("period", 60000),
    ("actuator", "on"),
]


@pytest.fixture
def node(model: Package, log: Log, broker: str, operator: Operator) -> Iterator[SimulatedNode]:
    settings = {"update": {"secret": KEY}, "period_ms": 5000}
    config = node_config(settings, parse_broker(broker), NODE)
    config["mqtt"] |= {"user": "n1", "password": "hidden"}
    operator.secret = KEY
    with SimulatedNode(model, log, config, 1, world=FAST) as simulated:
        yield simulated


@pytest.fixture
def strangers_broker() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def is_refused(node: SimulatedNode, operator: Operator, change: dict[str, Any]) -> bool:
    old_config = (node.flash / "config.json").read_bytes()
    answer = operator.order("config", change)
    assert (node.flash / "config.json").read_bytes() == old_config
    assert operator.order("diag")["value"]["boot"] == 1
    is_named = "changes over the cable only: edgewise deploy" in str(answer["error"])
    return answer["ok"] is False and is_named


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_no_order_changes_who_may_command(
    node: SimulatedNode, operator: Operator, tmp_path: Path
) -> None:
    operator.hear("state")
    for change in (
        {"update": {"secret": "ee" * 32}},
        {"update": {"secret": ""}},
        {"mqtt": {"user": "x", "password": "y"}},
        {"mqtt": {"tls": True, "ca": "config.json"}},
        {"sleep": True},
    ):
        assert is_refused(node, operator, change), change


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_password_goes_to_no_other_broker(
    node: SimulatedNode, operator: Operator, strangers_broker: socket.socket
) -> None:
    operator.hear("state")
    port = strangers_broker.getsockname()[1]
    for change in ({"mqtt": {"port": port}}, {"mqtt": {"host": "localhost", "port": port}}):
        assert is_refused(node, operator, change), change
    with pytest.raises(BlockingIOError):  # nobody has called
        strangers_broker.accept()


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_an_order_without_the_key_changes_nothing(node: SimulatedNode, operator: Operator) -> None:
    operator.hear("state")
    files = _contents(node.flash)
    for secret, why in (("", "not signed"), ("ee" * 32, "wrong key")):
        operator.secret = secret
        for verb, value in CHANGES:
            answer = operator.order(verb, value)
            assert answer["ok"] is False
            assert why in answer["error"]
    assert _contents(node.flash) == files
    operator.secret = ""
    for verb in ("ping", "diag", "log", "config", "model"):
        assert operator.order(verb)["ok"], verb
    diag = operator.order("diag")["value"]
    assert (diag["boot"], diag["signed"]) == (1, True)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_captured_order_is_obeyed_once(node: SimulatedNode, operator: Operator) -> None:
    operator.hear("state")
    operator.send("period", order_payload(TARGET, "period", 30000, "first", 5))
    assert operator.hear("cmd/period/result", id="first")["ok"]
    captured = order_payload(TARGET, "safe", True, "captured", 6)
    at = captured.rfind(b'"hmac"')
    forgeries = {
        "a": ("reboot", captured, "wrong key"),  # of another verb
        "b": ("safe", captured.replace(b"true", b"null"), "wrong key"),
        "c": ("safe", captured.replace(b":6,", b":7,"), "wrong key"),
        "d": ("safe", captured[:-1] + b',"value":false}', "not last"),
        "e": ("safe", captured[:at] + captured[at:].replace(b"}", b',"counter":9}'), "not last"),
        "f": ("safe", order_payload(OTHER, "safe", True, "captured", 6), "wrong key"),
        "g": ("period", order_payload(TARGET, "period", 30000, "captured", 5), "not above 5"),
        "h": ("period", order_payload(TARGET, "period", 30000, "captured", 4), "not above 5"),
    }
    for name, (verb, payload, why) in forgeries.items():
        operator.send(verb, payload)
        answer = operator.hear(f"cmd/{verb}/result", id="captured")
        assert answer["ok"] is False, name
        assert why in answer["error"], name
    node.cut_power()  # the counter is on the flash
    operator.hear("event", event="reset")
    operator.send("period", order_payload(TARGET, "period", 30000, "again", 5))
    assert "not above 5" in operator.hear("cmd/period/result", id="again")["error"]


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_the_commands_sign(
    node: SimulatedNode, operator: Operator, broker: str, tmp_path: Path
) -> None:
    operator.hear("state")
    arguments = ["actuator", "on", "--node", NODE, "--broker", broker]
    result = edgewise("command", *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert "not signed: this node has a key: name the settings" in result.stderr
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{KEY}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    result = edgewise("command", *arguments, cwd=tmp_path)
    assert result.stdout == f"{NODE}: done\n"


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_counter_far_ahead_is_named_with_its_cure(
    node: SimulatedNode, operator: Operator, broker: str, tmp_path: Path
) -> None:
    operator.hear("state")
    far = time.time_ns() // 1_000_000 + 30 * 86_400_000
    operator.send("actuator", order_payload(TARGET, "actuator", "on", "far", far))
    assert operator.hear("cmd/actuator/result", id="far")["ok"]
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{KEY}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    arguments = ["actuator", "off", "--node", NODE, "--broker", broker]
    result = edgewise("command", *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert f"is not above {far}, which is 29 days ahead" in result.stderr
    assert "over the cable with edgewise deploy" in result.stderr


def _contents(folder: Path) -> dict[str, bytes]:
    # clock: the simulator's own
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in files if path.name != "clock"}
