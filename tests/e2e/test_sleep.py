"""A node that sleeps, over a real broker: every reading arrives, the radio is on with cause."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.e2e.operator_of import NODE
from tests.e2e.test_spine import HEADS, rows
from tests.package.heads_of import with_heads
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.logs.log import Log
from edgewise.messages.client import MqttClient
from edgewise.package.store import Package
from edgewise.prediction.predict import predict_log
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
READINGS = 70
AWAKE = 12  # readings; one that sleeps would connect twice in them


def test_every_reading_of_a_sleeping_node_arrives(
    model: Package, log: Log, broker: str, tmp_path: Any
) -> None:
    broker_url = parse_broker(broker)
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    collector = Collector(broker_url, Writer(engine))
    collector.start()
    log_part = log.select(range(READINGS))
    config = node_config({"sleep": True, "report_every": 10, "serial": True}, broker_url, NODE)
    with SimulatedNode(model, log_part, config, 1) as node:
        assert collector.wait_for(lambda c: c.readings >= 60, LIMIT_S)
        connects = sum("mqtt: connected" in line for line in node.lines)
    collector.stop()
    db_rows = rows(engine, NODE)
    host = predict_log(model, log_part)
    assert [r.seq for r in db_rows] == list(range(1, len(db_rows) + 1))
    assert {r.boot for r in db_rows} == {1}
    assert [r.cls for r in db_rows] == [model.classes[c] for c in host.cls[: len(db_rows)]]
    assert [r.t for r in db_rows] == [t / 10 for t in log_part.t_dc[: len(db_rows)].tolist()]
    payloads = [json.loads(line[6:]) for line in node.lines if line.startswith("state ")]
    assert [(s["seq"], s["t"]) for s in payloads[: len(db_rows)]] == [
        (r.seq, r.t) for r in db_rows
    ]
    assert collector.counts.rejected == 0
    # every tenth reading, the first confirmed class, and the changes
    assert 6 <= connects <= 12


def test_a_sleeping_node_remembers_classes_and_says_when_it_is_unsure(
    model: Package, log: Log, broker: str, tmp_path: Any
) -> None:
    model = with_heads(model, HEADS)
    broker_url = parse_broker(broker)
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    collector = Collector(broker_url, Writer(engine))
    collector.start()
    log_part = log.select(range(READINGS))
    config = node_config({"sleep": True, "report_every": 10, "serial": True}, broker_url, NODE)
    with SimulatedNode(model, log_part, config, 1):
        assert collector.wait_for(lambda c: c.readings >= 40, LIMIT_S)
    collector.stop()
    db_rows = rows(engine, NODE)
    host = predict_log(model, log_part)
    names = [
        model.classes[c] if sure else None for c, sure in zip(host.cls, host.sure, strict=True)
    ]
    assert [r.cls for r in db_rows] == names[: len(db_rows)]
    said = {r.cls for r in db_rows}
    assert None in said and len(said) > 1
    assert collector.counts.rejected == 0


def test_stay_awake_is_obeyed(model: Package, log: Log, broker: str) -> None:
    broker_url = parse_broker(broker)
    client = MqttClient(broker_url)
    client.connect(broker_url.host, broker_url.port)
    client.loop_start()
    order = json.dumps({"id": "a", "value": 1440})
    client.publish(f"edgewise/{NODE}/cmd/stay-awake", order, 1, True).wait_for_publish(LIMIT_S)
    client.disconnect()
    client.loop_stop()
    config = node_config({"sleep": True, "report_every": 10, "serial": True}, broker_url, NODE)
    with SimulatedNode(model, log, config, 1, world={"EDGEWISE_SIM_RATE": "90"}) as node:

        def has_read_enough() -> bool:
            assert not node.wait(0), node.lines
            return sum(line.startswith("state ") for line in node.lines) >= AWAKE

        wait_until(has_read_enough, lambda: node.lines)
        assert sum("mqtt: connected" in line for line in node.lines) == 1
