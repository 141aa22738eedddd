"""What comes next, from a real node over a real broker: forecasts, limits and their figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, select
from tests.e2e.test_spine import run
from tests.package.heads_of import with_heads
from tests.shared import LIMIT_S, wait_until

from edgenode.core import limits
from edgenode.core.limits import Limits
from edgenode.core.outlook import Outlook
from edgewise.collector import Collector, Writer
from edgewise.dashboard.figures import figures
from edgewise.database.schema import diag, events, outlook, reading
from edgewise.logs.log import Log
from edgewise.mqtt import MqttClient
from edgewise.ota.retained import read_retained
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.training.outlook import a_forecast
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
HEADS = {
    "next": {
        "minutes": [5, 10],
        "k": 4,
        "t": [90, 150],
        "t_band": [120, 250],
        "h": [100, 0],
        "h_band": [300, 520],
    }
}
LIMITS = {"t": [13.5, 25], "h": [20, 63]}


@contextmanager
def heard(url: str, topic: str) -> Iterator[list[Any]]:
    """The messages on ``topic`` so far, as objects."""
    broker_url = parse_broker(url)
    messages: list[Any] = []
    client = MqttClient(broker_url)
    client.on_message = lambda _c, _d, message: messages.append(json.loads(message.payload))
    client.connect(broker_url.host, broker_url.port)
    client.subscribe(topic, 1)
    client.loop_start()
    try:
        yield messages
    finally:
        client.disconnect()
        client.loop_stop()


def expect(log: Log, period_ms: int) -> tuple[dict[int, Any], list[Any], float]:
    """By seq what a node says of ``log``; the events of its limits; A_forecast at its end."""
    watched = Limits(LIMITS, HEADS["next"]["minutes"])
    ahead = Outlook(HEADS["next"], watched, period_ms)
    forecasts, changes = {}, []
    readings = zip(log.t_dc.tolist(), log.h_pm.tolist(), strict=True)
    for seq, (t_dc, h_pm) in enumerate(readings, start=1):
        changed = ahead.push(seq, t_dc, h_pm, min(seq, 255))
        forecasts[seq] = json.loads(ahead.text())
        for c in range(2):
            if changed >> c & 1:
                said = json.loads(f"{{{limits.tail(*watched.event(c))}}}")
                changes.append({"seq": seq, "event": "limit", **said})
    return forecasts, changes, 1 - ahead.error / ahead.size


def seqs(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(outlook.c.seq)))


def test_a_node_says_what_comes_next_and_warns_of_limits(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    model = with_heads(model, HEADS)
    forecasts, changes, expected_figure = expect(log, model.period_ms)
    assert {c["channel"] for c in changes} == {"t", "h"} and len(changes) > 10
    assert {c["minutes"] for c in changes} >= {0, 5}
    config = {"limits": LIMITS, "actuator": {"pin": 5, "follow": "limit", "on": "h-high"}}
    with heard(broker, "edgewise/+/next") as messages:
        outcome, collector = run(model, [log], broker, engine, config)
        wait_until(lambda: messages and messages[-1]["seq"] == len(log), lambda: messages[-1:])
    assert outcome.ok and collector.counts.rejected == 0
    assert len(messages) > 20
    for message in messages:
        assert set(message) == {"ts", "boot", "seq", "next"}
        assert message["next"] == forecasts[message["seq"]]
    node = outcome.nodes[0]
    again = Collector(parse_broker(broker), Writer(engine))
    again.start()  # the first may have stopped before the last forecast came, which is retained
    wait_until(lambda: set(seqs(engine)) == {len(log)}, lambda: seqs(engine))
    again.stop()
    with engine.connect() as connection:
        rows = connection.execute(select(outlook).order_by(outlook.c.minutes)).mappings().all()
        ts = connection.scalar(select(reading.c.ts).where(reading.c.seq == len(log)))
        payloads = [json.loads(p) for p in connection.scalars(select(events.c.payload))]
        figure = json.loads(list(connection.scalars(select(diag.c.payload)))[-1])["a_forecast"]
        last_diag = json.loads(list(connection.scalars(select(diag.c.payload)))[-1])
    assert [(r["node"], r["seq"], r["ts"]) for r in rows] == [(node, len(log), ts)] * 2
    assert {
        str(r["minutes"]): {key: r[key] for key in ("t", "h", "t_band", "h_band")} for r in rows
    } == forecasts[len(log)]
    said = [{k: v for k, v in e.items() if k not in ("ts", "boot")} for e in payloads]
    assert [e for e in said if e["event"] == "limit"] == changes
    assert 0.8 < figure < 1 and abs(figure - expected_figure) < 0.02
    assert a_forecast(HEADS["next"], log, model.period_ms, model.max_delta) == expected_figure
    shown = {f.name: f for f in figures(engine, node, last_diag, ts, None)}["Forecast accuracy"]
    assert shown.value == figure
    assert shown.meaning == "of the node's own forecasts, since its start"


def test_an_outage_ends_a_forecast_and_the_newest_is_kept_by_the_broker(
    model: Package, log: Log, broker: str
) -> None:
    model = with_heads(model, HEADS)
    broker_url = parse_broker(broker)
    with SimulatedNode(model, log, node_config({}, broker_url, "a1b2c3"), 1) as node:
        assert node.wait(LIMIT_S)
    client = MqttClient(broker_url)
    client.connect(broker_url.host, broker_url.port)
    client.loop_start()
    kept = read_retained(client, "edgewise/+/next")
    client.disconnect()
    client.loop_stop()
    assert json.loads(kept["edgewise/a1b2c3/next"])["seq"] == len(log)


def test_limits_without_forecasts_are_for_the_reading_itself(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    with heard(broker, "edgewise/+/next") as messages:
        config = {"limits": {"t": [], "h": [20, 55]}}
        run(model, [log.select(range(120))], broker, engine, config)
        assert not messages
    with engine.connect() as connection:
        payloads = [json.loads(p) for p in connection.scalars(select(events.c.payload))]
        figure = json.loads(list(connection.scalars(select(diag.c.payload)))[-1])["a_forecast"]
        assert connection.scalars(select(outlook.c.node)).all() == []
    changes = [e for e in payloads if e["event"] == "limit"]
    said = [(e["channel"], e["from"], e["to"], e["minutes"]) for e in changes]
    assert said == [("h", "ok", "high", 0), ("h", "high", "ok", 0)]
    assert figure is None
