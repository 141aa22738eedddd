"""Collectors that share the messages: any of them may be killed, and stay away for a while."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from tests.broker.mosquitto import anonymous
from tests.collector.test_kills import Publisher, count_distinct, count_rows
from tests.counts import count
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.broker.embedded import EmbeddedBroker
from edgewise.collector import Collector, Writer, collector
from edgewise.database import open_db
from edgewise.database.schema import events, outlook, reading, status
from edgewise.errors import AwayError
from edgewise.messages.client import MqttClient
from edgewise.urls import parse_broker

KILLS = count(2, 50)
SEED = 12


def online(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(status.c.node, status.c.online))
        return {str(node): int(is_online) for node, is_online in rows}


def retain(url: str, node: str, word: str) -> None:
    broker_url = parse_broker(url)
    client = MqttClient(broker_url)
    client.connect(broker_url.host, broker_url.port)
    client.loop_start()
    client.publish(f"edgewise/{node}/status", word, 1, retain=True).wait_for_publish(LIMIT_S)
    client.disconnect()
    client.loop_stop()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_any_of_them_is_killed_again_and_again(url: str, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    engine = open_db(url)
    with anonymous(tmp_path) as broker:
        retain(broker.url, "quiet", "online")  # and never says it again
        arguments = ("collect", "--broker", broker.url, "--db", url, "--group", "lab")
        folders = [tmp_path / name for name in ("one", "two")]
        processes = []
        for folder in folders:
            folder.mkdir()  # each has its own identity
            processes.append(Forked(*arguments, cwd=folder))
            assert "collecting" in processes[-1].stderr.readline()
        publisher = Publisher(broker.url)
        publisher.start()
        for n in range(KILLS):
            victim = rng.randrange(2)
            time.sleep(rng.uniform(0, 1))  # anywhere: in its start, in a commit, before an ack
            processes[victim].kill()
            processes[victim].wait()
            retain(broker.url, "n0", "offline")
            retain(broker.url, "n0", "online" if n % 2 else "offline")
            log = folders[victim] / "log"
            processes[victim] = Forked(*arguments, cwd=folders[victim], log=log)
        reading_count = publisher.end(40 * KILLS)
        wait_until(
            lambda: (
                count_rows(engine, reading) >= reading_count
                and count_rows(engine, events) >= publisher.events
            ),
            lambda: count_rows(engine, reading),
        )
        wait_until(lambda: online(engine) == {"quiet": 1, "n0": int(KILLS % 2 == 0)})
        for process in processes:
            process.terminate()
            assert process.wait(LIMIT_S) == 0
    assert count_rows(engine, reading) == reading_count == count_distinct(engine)
    assert count_rows(engine, events) == publisher.events


def test_all_of_them_hear_who_is_online(tmp_path: Path) -> None:
    with anonymous(tmp_path) as broker:
        retain(broker.url, "quiet", "online")
        for name in ("one", "two"):
            engine = open_db(f"sqlite:///{tmp_path / name}.db")
            with Collector(parse_broker(broker.url), Writer(engine), name, "lab"):
                wait_until(lambda engine=engine: online(engine) == {"quiet": 1})  # type: ignore[misc]


def test_an_older_forecast_does_not_replace_a_newer_one(url: str) -> None:
    engine = open_db(url)
    writer = Writer(engine)

    def say(seq: int, ts: int, t: float) -> None:
        forecast = {"t": t, "h": 40.0, "t_band": 0.5, "h_band": 2.0}
        message = {"ts": ts, "boot": 1, "seq": seq, "next": {"30": forecast}}
        writer.put("edgewise/n/next", json.dumps(message).encode())

    with writer:
        for seq, ts, t in ((5, 500, 20.0), (4, 400, 19.0), (6, 600, 21.0), (1, 700, 22.0)):
            commits = writer.counts.commits
            say(seq, ts, t)
            assert writer.wait_for(lambda c, n=commits: c.commits > n, LIMIT_S)  # type: ignore[misc]
            with engine.connect() as connection:
                stored = connection.scalar(select(outlook.c.t))
            # the last is of a board that was written again
            assert stored == {4: 20.0}.get(seq, t)


def test_a_broker_that_cannot_share_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "_CONNECT_S", 0.5)  # it answers nothing
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"))
    with (
        EmbeddedBroker() as broker,
        pytest.raises(AwayError, match="--group needs MQTT 5, which mosquitto has"),
        Collector(parse_broker(broker.url), writer, group="lab"),
    ):
        pass
