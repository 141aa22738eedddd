"""Two boards with one name: no reading is lost, and it is said."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from tests.collector.test_collector import state
from tests.e2e.operator_of import FAST, NODE
from tests.shared import LIMIT_S

from edgewise.collector import Collector, Writer
from edgewise.collector.retention import forget
from edgewise.database.schema import TWO_BOARDS, clash, events, reading
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker


def put_all(engine: Engine, *messages: tuple[str, bytes]) -> None:
    """Each in a commit of its own."""
    with Writer(engine) as writer:
        for n, (leaf, payload) in enumerate(messages, 1):
            writer.put(f"edgewise/n1/{leaf}", payload)
            assert writer.wait_for(lambda counts, n=n: counts.commits == n, LIMIT_S)


def reset(life: str | None, boot: int) -> tuple[str, bytes]:
    fields = {"ts": None, "boot": boot, "seq": 0, "event": "reset", "life": life}
    return "event", json.dumps(fields).encode()


def reading_of(boot: int, seq: int, **values: Any) -> tuple[str, bytes]:
    return "state", json.dumps(json.loads(state(seq)) | {"boot": boot} | values).encode()


def two_boards(engine: Engine) -> list[str]:
    """The nodes of the events that say so."""
    with engine.connect() as connection:
        query = select(events.c.node).where(events.c.event == TWO_BOARDS)
        return list(connection.scalars(query))


def test_a_reading_with_the_key_of_another_is_kept_aside(engine: Engine) -> None:
    first, second = reading_of(1, 1, t=20.0), reading_of(1, 1, t=30.0)
    failed = reading_of(1, 1, t=None, h=None, cls=None, p=None, err="timeout")
    put_all(engine, first, second, first, second, failed)
    with engine.connect() as connection:
        assert connection.scalars(select(reading.c.t)).all() == [20.0]
        rows = connection.execute(select(clash.c.t, clash.c.err)).all()
    assert [tuple(row) for row in rows] == [(30.0, None), (None, "timeout")]
    assert two_boards(engine) == ["n1"]
    forget(engine, 86400, time.time() + 2 * 86400)
    with engine.connect() as connection:
        assert connection.execute(select(clash)).all() == []


def test_of_two_in_one_message_the_second_is_kept_aside(engine: Engine) -> None:
    items = [json.loads(reading_of(1, 1, t=t)[1]) for t in (20.0, 30.0)]
    put_all(engine, ("replay", json.dumps(items).encode()))
    with engine.connect() as connection:
        assert connection.scalars(select(reading.c.t)).all() == [20.0]
        assert connection.scalars(select(clash.c.t)).all() == [30.0]


def test_a_reading_that_comes_again_with_its_time_is_no_clash(engine: Engine) -> None:
    put_all(engine, reading_of(1, 1, ts=None), reading_of(1, 1, ts=1_700_000_000))
    with engine.connect() as connection:
        assert connection.execute(select(clash)).all() == []
    assert two_boards(engine) == []


LIVES = {
    "restarts": ([reset("a", 1), reset("a", 2), reading_of(1, 9)], False),
    "a rewritten flash": (
        [reset("a", 1), reading_of(1, 1), reset("b", 9), reading_of(9, 1)],
        False,
    ),
    "starts in turns": ([reset("a", 1), reset("b", 9), reset("a", 2)], True),
    "readings in turns": ([reset("a", 1), reset("b", 9), reading_of(1, 1)], True),
    "a node that tells no life": ([reset(None, 1), reset("b", 9), reading_of(1, 1)], False),
}


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("restarts_collector", [False, True])
def test_lives(engine: Engine, name: str, restarts_collector: bool) -> None:
    messages, is_two = LIVES[name]
    if restarts_collector:
        put_all(engine, *messages[:-1])
        put_all(engine, messages[-1])
    else:
        put_all(engine, *messages)
    assert two_boards(engine) == ["n1"] * is_two


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_two_nodes_with_one_name(
    engine: Engine, model: Package, log: Log, broker: str, tmp_path: Path
) -> None:
    config = node_config({}, parse_broker(broker), NODE)
    collector = Collector(parse_broker(broker), Writer(engine), client_id=None)
    collector.start()
    rows: list[Any] = []
    collector.writer.on_batch = lambda batch: rows.extend(batch["event"])
    with SimulatedNode(model, log, config, 1, world=FAST):
        assert collector.wait_for(lambda counts: counts.readings > 2, LIMIT_S)
        with SimulatedNode(model, log, config, 2, world=FAST):
            assert collector.wait_for(lambda counts: bool(two_boards(engine)), LIMIT_S)
    collector.stop()
    lives = {json.loads(row["payload"])["life"] for row in rows if row["event"] == "reset"}
    assert len(lives) == 2


def test_the_dashboard_says_it(page: Page, url: str, engine: Engine) -> None:
    put_all(engine, reading_of(1, 1, t=20.0), reading_of(1, 1, t=30.0))
    page.goto(url)
    expect(page.locator(".card")).to_contain_text("two boards")
    page.goto(f"{url}/node?id=n1")
    expect(page.locator(".now")).to_contain_text("Two boards use this name")
