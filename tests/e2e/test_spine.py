"""The node's own files in MicroPython, a real broker, the collector, the database."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select
from tests.package.heads_of import with_heads
from tests.shared import LIMIT_S, both_brokers

from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.database.schema import diag, events, reading
from edgewise.errors import InputError, OutsideError
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.prediction.predict import predict_log, predict_micropython
from edgewise.simulator import feed
from edgewise.simulator.fleet import Fleet, Outcome, node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker


def run(
    model: Package, logs: list[Log], url: str, engine: Engine, config: dict[str, Any]
) -> tuple[Outcome, Collector]:
    broker_url = parse_broker(url)
    collector = Collector(broker_url, Writer(engine))
    collector.start()
    try:
        outcome = Fleet(model, logs, broker_url, config).simulate(LIMIT_S)
        assert collector.wait_for(lambda c: c.readings >= outcome.readings_taken, LIMIT_S)
    finally:
        collector.stop()
    return outcome, collector


def rows(engine: Engine, node: str) -> list[Any]:
    with engine.connect() as connection:
        query = select(reading).where(reading.c.node == node).order_by(reading.c.seq)
        return [SimpleNamespace(**row) for row in connection.execute(query).mappings()]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_db(f"sqlite:///{tmp_path / 'edgewise.db'}")


def test_the_serial_line_says_what_mqtt_says(model: Package, log: Log, broker: str) -> None:
    log_part = log.select(range(20))
    broker_url = parse_broker(broker)
    config = node_config({"serial": True}, broker_url, "a1b2c3")
    with SimulatedNode(model, log_part, config, 1) as node:
        assert node.wait(LIMIT_S)
    readings = [json.loads(line[6:]) for line in node.lines if line.startswith("state ")]
    assert [s["seq"] for s in readings] == list(range(1, 21))
    assert [s["t"] for s in readings] == [t / 10 for t in log_part.t_dc.tolist()]
    assert {s["boot"] for s in readings} == {1}
    diags = [json.loads(line[5:]) for line in node.lines if line.startswith("diag ")]
    assert diags and diags[0]["heap"] > 0


@both_brokers
def test_every_reading_arrives_with_the_class_that_the_host_computes(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    replay_log = feed.degrade(log, seed=3)
    assert 0 < (~replay_log.valid).sum() < 60
    outcome, collector = run(model, [replay_log], broker, engine, {})
    assert outcome.ok
    assert outcome.runtime == "viper-inline"
    assert outcome.failed_reads == int((~replay_log.valid).sum())
    db_rows = rows(engine, outcome.nodes[0])
    host = predict_log(model, replay_log)
    assert [r.seq for r in db_rows] == list(range(1, len(log) + 1))
    assert {r.boot for r in db_rows} == {outcome.boot}
    for i, row in enumerate(db_rows):
        if replay_log.valid[i]:
            assert (row.cls, row.err) == (model.classes[host.cls[i]], None)
            assert (row.t, row.h) == (replay_log.t_dc[i] / 10, replay_log.h_pm[i] / 10)
            assert round(row.p * 100) == host.p_pc[i]
        else:
            assert (row.t, row.h, row.cls, row.p) == (None, None, None, None)
            assert row.err in ("timeout", "checksum")
    # a failed read was tried once more, two seconds later
    delays_s = [0 if valid else 2 for valid in replay_log.valid]
    # in whole seconds, which a busy machine may see turn
    assert np.abs([r.ts for r in db_rows[1:]] - (replay_log.time_s + delays_s)[1:]).max() <= 1
    assert collector.counts.rejected == 0


def test_events_and_diag_say_what_happened(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    outcome, _ = run(model, [log], broker, engine, {"actuator": {"pin": 5, "on": "open"}})
    with engine.connect() as connection:
        payloads = [json.loads(r.payload) for r in connection.execute(select(events))]
        diags = [json.loads(r.payload) for r in connection.execute(select(diag))]
    assert payloads[0]["event"] == "reset"
    changes = [e for e in payloads if e["event"] == "class"]
    assert changes[0]["from"] is None
    for old, new in pairwise(changes):
        assert new["from"] == old["to"] != new["to"]
    assert len(changes) >= 10
    last = diags[-1]
    assert last["boot"] == outcome.boot
    for key in ("r_ingest", "e_buffer", "r_noise", "s_feature", "l_infer", "accuracy"):
        assert last[key] is not None
    assert last["a_forecast"] is None
    assert last["heap"] > 0


def test_three_nodes_at_once(model: Package, log: Log, broker: str, engine: Engine) -> None:
    logs = [log.select(np.arange(n)) for n in (100, 150, 200)]
    outcome, _ = run(model, logs, broker, engine, {})
    assert outcome.readings_delivered == 450
    assert [len(rows(engine, node)) for node in outcome.nodes] == [100, 150, 200]


def test_gaps_restart_the_windows_on_both_sides(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    mask = np.ones(len(log), dtype=bool)
    for start, n in ((100, 2), (200, 3), (300, 4), (400, 90)):
        mask[start : start + n] = False
    gap_log = log.select(mask)
    outcome, _ = run(model, [gap_log], broker, engine, {})
    host = predict_log(model, gap_log).cls
    assert [r.cls for r in rows(engine, outcome.nodes[0])] == [model.classes[c] for c in host]


def test_the_unix_port_predicts_what_cpython_predicts(model: Package, log: Log) -> None:
    replay_log = feed.degrade(log, seed=5)
    a, b = predict_log(model, replay_log), predict_micropython(model, replay_log)
    assert a.cls.tolist() == b.cls.tolist()
    assert a.p_pc.tolist() == b.p_pc.tolist()


def test_a_wrong_node_config_is_named(model: Package, log: Log, broker: str) -> None:
    with pytest.raises(InputError, match=r"config: mqtt\.keepalive_s must be 10\.\.3600"):
        config = {"mqtt": {"keepalive_s": 5}}
        Fleet(model, [log], parse_broker(broker), config).simulate(LIMIT_S)
    with pytest.raises(InputError, match=r"actuator\.on must be one of closed, open"):
        config = {"actuator": {"pin": 5, "on": "ajar"}}
        Fleet(model, [log], parse_broker(broker), config).simulate(LIMIT_S)


def test_a_node_without_a_broker_is_given_up_in_time(model: Package, log: Log) -> None:
    with pytest.raises(OutsideError, match="did not end within 2 s"):
        Fleet(model, [log], parse_broker("mqtt://127.0.0.1:1"), {}).simulate(2)


HEADS = {
    "temporal": {"step": [4000, 96, 96, 4000], "said": [4095, 900, 500, 4095] * 2},
    "unsure": {"readings": 8, "p": 75},
}


def test_a_node_remembers_classes_and_says_when_it_is_unsure(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    model = with_heads(model, HEADS)
    mask = np.ones(200, dtype=bool)
    mask[100:110] = False
    gap_log = log.select(np.arange(200)).select(mask)
    outcome, collector = run(model, [gap_log], broker, engine, {})
    assert collector.counts.rejected == 0
    host = predict_log(model, gap_log)
    assert 16 < (~host.sure).sum() < 100
    db_rows = rows(engine, outcome.nodes[0])
    assert [r.cls for r in db_rows] == [
        model.classes[c] if sure else None for c, sure in zip(host.cls, host.sure, strict=True)
    ]
    assert {r.err for r in db_rows} == {None}
    for row, p_pc, sure in zip(db_rows, host.p_pc, host.sure, strict=True):
        assert row.t is not None
        assert row.p == (p_pc / 100 if sure else None)
    # with a memory the class of a reading is confirmed at once, and no class changes nothing
    said = host.cls[host.sure]
    changes = [model.classes[c] for i, c in enumerate(said) if i == 0 or c != said[i - 1]]
    with engine.connect() as connection:
        payloads = [json.loads(r.payload) for r in connection.execute(select(events))]
    assert [e["to"] for e in payloads if e["event"] == "class"] == changes
