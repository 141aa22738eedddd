"""kill -9 at any moment: what a broker has taken is in the database once."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, func, select
from tests.broker.mosquitto import anonymous
from tests.counts import count
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.database import open_db
from edgewise.database.schema import events, reading
from edgewise.messages.client import MqttClient
from edgewise.urls import parse_broker

KILLS = count(3, 50)
NODES = 5
SEED = 11


class Publisher(threading.Thread):
    """Five nodes that say a reading each, and one of them an event, with QoS 1, as fast as they
    are acknowledged."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        broker_url = parse_broker(url)
        self.client = MqttClient(broker_url)
        self.client.connect(broker_url.host, broker_url.port)
        self.client.loop_start()
        self.stop_event = threading.Event()
        self.readings = self.events = 0

    def run(self) -> None:
        seq = 0
        while not self.stop_event.wait(0.005):
            for n in range(NODES):
                fields = {"ts": 1_700_000_000 + seq, "boot": 1, "seq": seq, "t": 21.5, "h": 40.0}
                payload = json.dumps({**fields, "cls": "a", "p": 0.9})
                self.client.publish(f"edgewise/n{n}/state", payload, 1).wait_for_publish(LIMIT_S)
                self.readings += 1
            payload = json.dumps({"ts": None, "boot": 1, "seq": seq, "event": "class"})
            self.client.publish("edgewise/n0/event", payload, 1).wait_for_publish(LIMIT_S)
            self.events += 1
            seq += 1

    def end(self, minimum: int) -> int:
        """Stop when ``minimum`` readings or more have been said; how many they are."""
        wait_until(lambda: self.readings >= minimum, lambda: self.readings)
        self.stop_event.set()
        self.join(LIMIT_S)
        self.client.disconnect()
        self.client.loop_stop()
        return self.readings


@pytest.mark.timeout(600)
def test_killed_again_and_again(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    db = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(db)
    with anonymous(tmp_path, "max_queued_messages 0\n") as broker:
        arguments = ("collect", "--broker", broker.url, "--db", db)
        Forked("--version").wait(LIMIT_S)  # the first one waits for the imports of all
        begin_s = time.monotonic()
        first_process = Forked(*arguments)
        # from now on the broker keeps for it
        assert "collecting" in first_process.stderr.readline()
        start_s = time.monotonic() - begin_s
        publisher = Publisher(broker.url)
        publisher.start()
        process = first_process
        for _ in range(KILLS):
            # anywhere: in its start, in a commit, before an ack
            time.sleep(rng.uniform(0, 1.5 * start_s))
            process.kill()
            process.wait()
            process = Forked(*arguments, log=tmp_path / "log")
        reading_count = publisher.end(20 * KILLS)
        wait_until(
            lambda: (
                count_rows(engine, reading) >= reading_count
                and count_rows(engine, events) >= publisher.events
            ),
            lambda: count_rows(engine, reading),
        )
        process.terminate()
        assert process.wait(LIMIT_S) == 0
    assert count_rows(engine, reading) == reading_count == count_distinct(engine)
    assert count_rows(engine, events) == publisher.events


def count_rows(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def count_distinct(engine: Engine) -> int:
    key = select(reading.c.node, reading.c.boot, reading.c.seq).distinct().subquery()
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(key)).scalar_one())
