"""Orders of a stranger who may publish to a node's `cmd` topics."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.operator_of import FAST, NODE, Operator

from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

KEY = "0f" * 32


@pytest.fixture
def node(model: Package, log: Log, broker: str) -> Iterator[SimulatedNode]:
    settings = {"update": {"secret": KEY}, "period_ms": 5000}
    config = node_config(settings, parse_broker(broker), NODE)
    config["mqtt"] |= {"user": "n1", "password": "hidden"}
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
