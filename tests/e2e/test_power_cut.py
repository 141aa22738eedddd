"""The power fails while the broker is away: every reading that was taken is there afterwards."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

from sqlalchemy import Engine
from tests.broker.mosquitto import anonymous
from tests.e2e.operator_of import FAST, NODE
from tests.e2e.test_spine import rows
from tests.shared import wait_until

from edgewise.collector import Collector, Writer
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker


def taken(node: SimulatedNode) -> set[tuple[int, int]]:
    """Boot and number of every reading that the node has said."""
    states = [json.loads(line[6:]) for line in list(node.lines) if line.startswith("state ")]
    return {(state["boot"], state["seq"]) for state in states}


def stored(engine: Engine) -> set[tuple[int, int]]:
    return {(row.boot, row.seq) for row in rows(engine, NODE)}


def test_a_reading_is_on_the_flash_as_soon_as_it_is_taken(
    model: Package, log: Log, tmp_path: Path, engine: Engine
) -> None:
    config = f"max_queued_messages 0\npersistence true\nuser {getpass.getuser()}\n"
    with anonymous(tmp_path, config) as broker:
        broker_url = parse_broker(broker.url)
        with Collector(broker_url, Writer(engine)):
            pass
        broker.stop()  # it keeps the collector's subscription
        settings = node_config({"serial": True}, broker_url, NODE)
        with SimulatedNode(model, log, settings, 1, world=FAST) as node:
            wait_until(lambda: any("again in" in line for line in node.lines))
            before = taken(node)
            wait_until(lambda: len(taken(node)) > len(before) + 2)
            node.cut_power()
            wait_until(lambda: any(boot == 2 for boot, _ in taken(node)), lambda: node.lines)
            all_taken = taken(node)
            broker.start()
            with Collector(broker_url, Writer(engine)):
                wait_until(lambda: all_taken <= stored(engine), lambda: all_taken - stored(engine))
    assert len([seq for boot, seq in all_taken if boot == 1]) > 2
