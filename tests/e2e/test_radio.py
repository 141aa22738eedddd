"""A radio that raises, over a real broker: the node senses on and connects when it is well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.counts import count
from tests.e2e.operator_of import NODE
from tests.e2e.test_spine import rows
from tests.shared import wait_until

from edgewise.collector import Collector, Writer
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
FAST = {"EDGEWISE_SIM_RATE": "90"}


@pytest.fixture(autouse=True)
def collector(broker: str, engine: Engine) -> Iterator[Collector]:
    running = Collector(parse_broker(broker), Writer(engine))
    running.start()
    yield running
    running.stop()


def break_radio(flash: Path, fault: str) -> None:
    (flash / "radio.new").write_text(fault)
    (flash / "radio.new").rename(flash / "radio")


def heal_radio(flash: Path) -> None:
    (flash / "radio").unlink()


def said(node: SimulatedNode, text: str) -> int:
    return sum(text in line for line in node.lines)


def wait_for_reading(node: SimulatedNode, seq: int) -> None:
    def is_taken() -> bool:
        states = [json.loads(line[6:]) for line in node.lines if line.startswith("state ")]
        return bool(states) and states[-1]["seq"] >= seq

    wait_until(is_taken, lambda: node.lines)


def wait_for_rows(node: SimulatedNode, engine: Engine, n: int) -> None:
    # the newest reading comes first: the rows before it are whole a moment later
    def are_whole() -> bool:
        db_rows = rows(engine, NODE)
        return [(r.boot, r.seq) for r in db_rows[:n]] == [(1, i) for i in range(1, n + 1)]

    wait_until(are_whole, lambda: node.lines)
    assert not said(node, "world: slots from") and not said(node, "Traceback"), node.lines


def config_of(broker: str, **more: Any) -> dict[str, Any]:
    return node_config({"serial": True, "period_ms": 30000, **more}, parse_broker(broker), NODE)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("connect RuntimeError", "Wifi Unknown Error 0x0101"),
        ("active OSError", "Wifi Internal Error"),
        ("active MemoryError", "MemoryError"),
    ][: count(1, 3)],
)
def test_errors_are_failed_attempts(
    fault: str,
    text: str,
    model: Package,
    log: Log,
    broker: str,
    engine: Engine,
) -> None:
    files = {"radio": fault.encode()}
    with SimulatedNode(model, log, config_of(broker), 1, world=FAST, files=files) as node:
        wait_until(lambda: said(node, "wifi: the radio starts again"), lambda: node.lines)
        assert said(node, f"wifi: {text}") == said(node, "again in 15000 ms") == 3, node.lines
        wait_for_reading(node, 6)
        assert not said(node, "mqtt: connected")
        heal_radio(node.flash)
        wait_for_rows(node, engine, 15)
        assert said(node, "mqtt: connected")
        assert said(node, "the radio starts again") == 1


def test_the_restart_heals_a_radio_that_is_stuck(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    files = {"radio": b"connect RuntimeError stuck"}
    with SimulatedNode(model, log, config_of(broker), 1, world=FAST, files=files) as node:
        wait_for_rows(node, engine, 10)
        assert said(node, "world: the radio is well again") == 1


def test_a_connected_node_whose_radio_fails_for_a_while(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    with SimulatedNode(model, log, config_of(broker), 1, world=FAST) as node:
        wait_for_reading(node, 3)
        (node.flash / "world").write_text("0")
        break_radio(node.flash, "active RuntimeError")
        wait_until(lambda: said(node, "wifi: the radio starts again"), lambda: node.lines)
        (node.flash / "world").write_text("1")
        wait_for_reading(node, 10)
        heal_radio(node.flash)
        wait_for_rows(node, engine, 18)


def test_without_a_signal_strength_there_is_diag(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    files = {"radio": b"status RuntimeError"}
    with SimulatedNode(model, log, config_of(broker), 1, world=FAST, files=files) as node:
        wait_for_rows(node, engine, 5)
        diags = [json.loads(line[5:]) for line in node.lines if line.startswith("diag ")]
        assert diags and {d["rssi"] for d in diags} == {None}


def test_a_radio_that_cannot_be_made_lets_the_board_start_again(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    files = {"radio": b"WLAN RuntimeError"}
    with SimulatedNode(model, log, config_of(broker), 1, world=FAST, files=files) as node:
        wait_until(lambda: said(node, "Wifi Unknown Error 0x0101") >= 3, lambda: node.lines)
        wait_for_reading(node, 5)
        heal_radio(node.flash)

        def are_whole() -> bool:
            seqs = {boot: [r.seq for r in rows(engine, NODE) if r.boot == boot] for boot in (1, 2)}
            return all(s and s == list(range(1, len(s) + 1)) for s in seqs.values())

        wait_until(are_whole, lambda: node.lines)
        assert not said(node, "Traceback") and not said(node, "safe mode"), node.lines


def test_asleep(model: Package, log: Log, broker: str, engine: Engine) -> None:
    config = config_of(broker, sleep=True, report_every=2)
    files = {"radio": b"connect RuntimeError"}
    with SimulatedNode(model, log, config, 1, world=FAST, files=files) as node:
        for fault, text in (
            ("active MemoryError", "wifi: Wifi Unknown Error"),
            ("WLAN OSError", "wifi: MemoryError"),
            ("off RuntimeError", "wifi: Wifi Internal Error"),
        ):
            wait_until(partial(said, node, text), lambda: node.lines)
            break_radio(node.flash, fault)
        wait_for_rows(node, engine, 20)
