"""Commands to the real node over a real broker: each answered, nothing malformed obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.operator_of import FAST, NODE, Operator

from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


@pytest.fixture
def node(model: Package, log: Log, broker: str, operator: Operator) -> Iterator[SimulatedNode]:
    config = {"actuator": {"pin": 5, "on": "open"}, "wifi": {"password": "hidden"}}
    settings = node_config(config, parse_broker(broker), NODE)
    with SimulatedNode(model, log, settings, 1, world=FAST) as simulated:
        operator.hear("event", event="reset")
        yield simulated


def test_questions(node: SimulatedNode, operator: Operator) -> None:
    assert operator.order("ping")["value"]["uptime_s"] >= 0
    diag = operator.order("diag")["value"]
    assert (diag["boot"], diag["mode"], diag["reset"]) == (1, "normal", "pwron")
    lines = operator.order("log")["value"]
    assert lines[0] == "reset: pwron"
    assert any("mqtt: connected" in line for line in lines)
    config = operator.order("config")["value"]
    assert config["wifi"]["password"] == "***"
    assert config["node"] == NODE


@pytest.mark.parametrize(
    ("verb", "value", "message"),
    [
        ("fly", None, "known are actuator, config,"),
        ("period", 5, "period_ms must be 2000 or more"),
        ("period", "60", "period_ms must be a number"),
        ("actuator", "open", "value must be on, off or auto"),
        ("stay-awake", -1, "0..1440 minutes"),
        ("safe", 1, "true or false"),
        ("config", [], "value must be an object"),
        ("config", {"wlan": {}}, "config: wlan is not known"),
        ("config", {"mqtt": {"port": 0}}, "mqtt.port must be 1..65535"),
        ("config", {"sleep": True, "actuator": {"pin": -1}}, "sleep changes over the cable only"),
    ],
)
def test_orders_that_cannot_be_followed(
    node: SimulatedNode, operator: Operator, verb: str, value: Any, message: str
) -> None:
    old_config = (node.flash / "config.json").read_bytes()
    answer = operator.order(verb, value)
    assert answer["ok"] is False
    assert message in answer["error"]
    assert (node.flash / "config.json").read_bytes() == old_config


def test_what_is_malformed_is_counted_and_not_obeyed(
    node: SimulatedNode, operator: Operator
) -> None:
    payloads: list[str | bytes] = [
        b"",
        b"\xff\xfe",
        "[]",
        "{}",
        '"x"',
        '{"id":true}',
        '{"id":{"a":1}}',
        '{"id":"%s"}' % ("x" * 100),
        "[" * 1500,
        "{" * 1500,
        "x" * 3000,
    ]
    for payload in payloads:
        operator.send("reboot", payload)
    diag = operator.order("diag")["value"]
    assert (diag["boot"], diag["refused"]) == (1, len(payloads))


def test_a_retained_order_is_not_obeyed(operator: Operator, request: Any) -> None:
    operator.send("reboot", '{"id":"old"}', retain=True)
    request.getfixturevalue("node")
    diag = operator.order("diag")["value"]
    assert (diag["boot"], diag["refused"]) == (1, 1)


def test_the_same_id_may_come_again(node: SimulatedNode, operator: Operator) -> None:
    for _ in range(3):
        operator.send("ping", '{"id":1}')
        assert operator.hear("cmd/ping/result", id=1)["ok"] is True


def test_period_and_actuator_take_effect_at_once(node: SimulatedNode, operator: Operator) -> None:
    assert operator.order("actuator", "on")["ok"]
    assert operator.order("period", 60000)["ok"]
    first = operator.hear("state")
    second = operator.hear("state")
    third = operator.hear("state")
    assert third["ts"] - second["ts"] >= 30
    assert first["seq"] < second["seq"]
    assert '"period_ms":' in (node.flash / "config.json").read_text().replace(" ", "")
    assert operator.order("actuator", "auto")["ok"]


def test_reboot(node: SimulatedNode, operator: Operator) -> None:
    assert operator.order("reboot")["ok"]
    event = operator.hear("event", event="reset")
    assert (event["boot"], event["from"], event["to"]) == (2, "soft", "running")


def test_a_good_configuration_is_confirmed(node: SimulatedNode, operator: Operator) -> None:
    answer = operator.order("config", {"confirm": {"need": 2, "of": 3}})
    assert answer["ok"] is True
    assert operator.order("config")["value"]["confirm"] == {"need": 2, "of": 3}
    assert operator.order("diag")["value"]["boot"] == 2
    assert not (node.flash / "trial").exists()


def test_one_that_cuts_the_node_off_is_undone(node: SimulatedNode, operator: Operator) -> None:
    old_config = operator.order("config")["value"]
    answer = operator.order("config", {"mqtt": {"port": 1}})
    assert answer["ok"] is False
    assert answer["error"] == "rolled back: no connection within 180 s"
    assert operator.order("config")["value"] == old_config
    assert operator.order("diag")["value"]["boot"] == 3


def test_one_with_which_it_does_not_start_is_undone(
    node: SimulatedNode, operator: Operator
) -> None:
    old_config = operator.order("config")["value"]
    answer = operator.order("config", {"actuator": {"on": "opne"}})
    assert answer["ok"] is False
    reason = "rolled back: config: actuator.on must be one of closed, open"
    assert answer["error"].startswith(reason)
    assert operator.order("config")["value"] == old_config
    diag = operator.order("diag")["value"]
    assert (diag["boot"], diag["mode"]) == (3, "normal")


def test_a_flash_that_fails_is_answered(node: SimulatedNode, operator: Operator) -> None:
    (node.flash / "config.json.tmp").mkdir()
    answer = operator.order("period", 60000)
    assert (answer["ok"], answer["error"]) == (False, "[Errno 21] EISDIR")
    assert operator.order("diag")["value"]["boot"] == 1


def test_safe_mode_and_back(node: SimulatedNode, operator: Operator) -> None:
    assert operator.order("safe", True)["ok"]
    assert operator.hear("event", event="reset")["to"] == "safe"
    diag = operator.order("diag")["value"]
    assert diag["mode"] == "safe"
    assert "no actuator in safe mode" in operator.order("actuator", "on")["error"]
    assert operator.order("safe", False)["ok"]
    assert operator.hear("event", event="reset")["to"] == "running"
    operator.hear("state")
