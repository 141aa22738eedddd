"""The log of a node over the network, with a real node: live while the page shows it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.broker.mosquitto import anonymous
from tests.dashboard.conftest import NODE, Serve, whole
from tests.dashboard.past import rooms, store
from tests.dashboard.test_teaching import FAST, KEY, log_in
from tests.shared import small_log, wait_until

from edgewise.board.filesystem.bundles import bundles
from edgewise.board.filesystem.files import Arch, compiler_of, joined_node
from edgewise.dashboard import node_log
from edgewise.dashboard.node_log import NodeLogs, merge
from edgewise.errors import OutsideError
from edgewise.logs.log import read_log
from edgewise.messages.client import MqttClient
from edgewise.ota import Target
from edgewise.ota.order import order_payload
from edgewise.package.store import load_package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker


@pytest.mark.parametrize(
    ("known", "newest", "merged"),
    [
        ([], ["a", "b"], ["a", "b"]),
        (["a", "b"], ["a", "b"], ["a", "b"]),
        (["a", "b"], ["b", "c"], ["a", "b", "c"]),
        (["a", "a"], ["a", "a", "a"], ["a", "a", "a"]),
        (["a", "b"], ["x", "y"], ["a", "b", "...", "x", "y"]),  # more than a log came between
        (["a"], [], ["a"]),
    ],
)
def test_lines_are_joined(known: list[str], newest: list[str], merged: list[str]) -> None:
    assert merge(known, newest) == merged


def test_a_log_is_bounded() -> None:
    lines: list[str] = []
    for i in range(40):
        lines = merge(lines, [str(i * 20 + j) for j in range(50)])
    assert len(lines) == 500 and lines[-1] == "829" and lines[0] == "330"


class Nodes:
    """A broker with nodes that answers what a test wants."""

    def __init__(self, answer: object) -> None:
        self.answer, self.asked = answer, 0

    @contextmanager
    def connect(self) -> Iterator[Any]:
        def ask(node: str) -> object:
            self.asked += 1
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        yield ask


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_log, "_EVERY_S", 0.01)
    monkeypatch.setattr(node_log, "_WANTED_S", 0.3)


def wait_for(logs: NodeLogs, node: str, is_right: Any) -> Any:
    def look() -> Any:
        log = logs.look(node)
        return log if is_right(log) else None

    return wait_until(look)


@whole
def test_what_a_node_may_answer(quick: None) -> None:
    made = bundles(joined_node(False), compiler_of(Arch.xtensawin))
    bundle = next(b for b in made if b.name.startswith("node_"))
    place = f'File "{bundle.name}", line {len(bundle.places)}'
    nodes = Nodes(["one\ntwo", "\x1b[2J", f"  {place}, in _a", 7, "x" * 10_000])
    logs = NodeLogs(nodes.connect)
    lines = wait_for(logs, "n", lambda log: log.lines).lines
    assert lines[:3] == ["one", "two", "\\x1b[2J"]
    assert re.fullmatch(r'  File "[a-z_/]+\.py", line \d+, in \S+', lines[3])
    assert lines[4] == "7" and len(lines[5]) == 300
    nodes.answer = {"no": "log"}
    problem = wait_for(logs, "n", lambda log: log.problem).problem
    assert problem == "the node's answer is no log: update its firmware with make deploy"
    nodes.answer = OutsideError("node n: no answer within 20 s: is it on?")
    wait_for(logs, "n", lambda log: "is it on" in log.problem)
    nodes.answer = ["back"]
    assert wait_for(logs, "n", lambda log: not log.problem).lines[-1] == "back"
    logs.stop()


def test_nobody_is_asked_when_nobody_looks(quick: None) -> None:
    nodes = Nodes(["a"])
    logs = NodeLogs(nodes.connect)
    for i in range(8):
        logs.look(f"n{i}")
    assert logs.look("n8").problem == "8 logs are open already: close one of them"
    wait_until(lambda: not any(t.name == "node log" for t in threading.enumerate()))
    asked = nodes.asked
    assert asked >= 8
    assert logs.look("n8").problem == ""
    logs.stop()


def test_the_log_of_a_real_node(
    page: Page,
    serve: Serve,
    engine: Engine,
    secret: str,
    repo: Path,
    place: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{KEY}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    package = load_package(repo / "models/occupancy")
    log = read_log(small_log(tmp_path / "log.csv", 6000))
    store(engine, rooms(NODE))
    with anonymous(place) as broker:
        broker_url = parse_broker(broker.url)
        orders: list[dict[str, Any]] = []
        client = MqttClient(broker_url)
        client.on_message = lambda _c, _d, m: orders.append(json.loads(m.payload))
        client.connect(broker_url.host, broker_url.port)
        client.subscribe(f"edgewise/{NODE}/cmd/log", 1)
        client.loop_start()
        url = serve("--broker", broker.url)
        page.goto(f"{url}/node?id={NODE}")
        panel = page.locator(".panel", has=page.get_by_text("Log", exact=True))
        expect(panel).to_contain_text("Log in to read the log of the node.")
        assert panel.get_by_role("button").count() == 0
        log_in(page, url, secret)
        page.goto(f"{url}/node?id={NODE}")
        panel.get_by_role("button", name="Show the log").click()
        expect(panel).to_contain_text("Asking the node for its last lines")
        config = node_config({"update": {"secret": KEY}, "period_ms": 5000}, broker_url, NODE)
        with SimulatedNode(package, log, config, 2, world=FAST):
            lines = panel.get_by_role("log", name="Log of the node")
            expect(lines).to_contain_text("mqtt")
            before = lines.inner_text()
            # what it says next comes by itself
            order = order_payload(Target("edgewise", NODE, KEY), "reboot", None, "again")
            client.publish(f"edgewise/{NODE}/cmd/reboot", order, 1)
            expect(lines).not_to_have_text(before)
            panel.get_by_role("button", name="Hide the log").click()
            expect(lines).to_be_hidden()
        assert orders and all({"counter", "hmac"} <= set(order) for order in orders)
        client.disconnect()
        client.loop_stop()
