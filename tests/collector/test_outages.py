"""Disk full, broker restarted, database gone: it waits, says so, and loses nothing."""

from __future__ import annotations

import json
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import amqtt.broker
import pytest
from sqlalchemy import Engine, select
from tests.broker.mosquitto import Mosquitto, anonymous, free_port
from tests.collector.test_collector import RUN, publish, state, wait_for_rows
from tests.collector.test_metrics import read
from tests.database import postgres
from tests.shared import LIMIT_S

from edgewise.broker.embedded import EmbeddedBroker
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.errors import OutsideError
from edgewise.urls import parse_broker

FULL = 64 * 1024  # bytes that a file may have: what SQLite needs to open, and little more


class Running:
    """``edgewise collect``, its lines on stderr in a queue."""

    def __init__(self, broker: str, db: str, *more: str) -> None:
        words = [*RUN, "collect", "--broker", broker, "--db", db, "--json", *more]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.says("Ctrl-C ends it")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line.rstrip())

    def says(self, part: str, at_last: bool = False) -> None:
        """Its next line has ``part``, or one of the next."""
        line = self._lines.get(timeout=LIMIT_S)
        while at_last and part not in line:
            line = self._lines.get(timeout=LIMIT_S)
        assert part in line, [line, *self._lines.queue]

    def limit(self, size: int) -> None:
        """The size that a file of it may have from now on."""
        hard = resource.RLIM_INFINITY
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def ends(self, *signals: signal.Signals) -> tuple[int, Any]:
        """Exit code and what it says on stdout."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.read())
        return self.process.wait(LIMIT_S), said


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with anonymous(tmp_path) as running:
        yield running


@pytest.fixture
def db(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}"


def said(first: int, last: int) -> list[tuple[str, str | bytes]]:
    return [("edgewise/n1/state", state(seq)) for seq in range(first, last)]


def stored(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(reading.c.seq).order_by(reading.c.seq)))


def acknowledged(broker: Mosquitto) -> int:
    return broker.log().count("Received PUBACK from edgewise-")


def test_a_full_disk(broker: Mosquitto, db: str) -> None:
    engine = open_db(db)
    running = Running(broker.url, db)
    publish(broker.url, said(0, 100))
    wait_for_rows(engine, 100)
    broker.wait_until(lambda: acknowledged(broker) == 100, "not acknowledged")
    running.limit(FULL)
    publish(broker.url, said(100, 1000))
    running.says("waiting for it")
    taken = len(stored(engine))
    assert acknowledged(broker) <= taken < 1000
    running.limit(resource.RLIM_INFINITY)
    running.says("database: it is back")
    wait_for_rows(engine, 1000)
    assert stored(engine) == list(range(1000))
    code, counts = running.ends()
    assert (code, counts["readings"]) == (0, 1000)


def test_a_full_disk_that_has_the_log_too(broker: Mosquitto, db: str, tmp_path: Path) -> None:
    engine = open_db(db)
    address = f"127.0.0.1:{free_port()}"
    words = [*RUN, "collect", "--broker", broker.url, "--db", db, "--metrics", address]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(words, stderr=log)
    broker.wait_until(lambda: "collecting" in (tmp_path / "log").read_text(), "not started")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    publish(broker.url, said(0, 10))
    broker.wait_until(lambda: read(address)["edgewise_failed_total", ""] > 0, "not failed")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    wait_for_rows(engine, 10)
    process.terminate()
    assert process.wait(LIMIT_S) == 0


def test_a_disk_that_is_full_at_the_start(tmp_path: Path, db: str) -> None:
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "from edgewise.cli.main import run; run()"
    )
    words = ["collect", "--broker", "mqtt://127.0.0.1:1", "--db", db]
    done = subprocess.run(
        [sys.executable, "-c", limited, *words], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "a.db" in done.stderr


@pytest.mark.parametrize("more", [(), ("--group", "lab")])
def test_a_broker_that_forgot_all(broker: Mosquitto, db: str, more: tuple[str, ...]) -> None:
    engine = open_db(db)
    running = Running(broker.url, db, *more)
    publish(broker.url, said(0, 10))
    wait_for_rows(engine, 10)
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        publish(broker.url, said(10, 20))
        broker.wait_until(lambda: broker.log().count("Sending PUBLISH") >= 20, "not sent")
        broker.stop(signal.SIGKILL)
        running.says("connection lost")
        broker.start()
        running.says("it is back")
        publish(broker.url, said(20, 30))
        broker.wait_until(lambda: broker.log().count("Sending PUBLISH") >= 10, "not sent")
        assert acknowledged(broker) == 0
    wait_for_rows(engine, 30)
    code, counts = running.ends()
    assert (code, counts["readings"], counts["duplicates_dropped"]) == (0, 30, 0)
    assert acknowledged(broker) == 10  # those of this connection, not those of the one before


@pytest.mark.filterwarnings("ignore:The 'acl' option is deprecated")
def test_a_broker_that_lets_nobody_subscribe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = {"amqtt.plugins.topic_checking.TopicAccessControlListPlugin": {"acl": {"x": ["x"]}}}

    class Strict(amqtt.broker.Broker):
        def __init__(self, config: dict[str, Any]) -> None:
            super().__init__({**config, "plugins": {**config["plugins"], **rights}})

    monkeypatch.setattr(amqtt.broker, "Broker", Strict)
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"))
    with (
        EmbeddedBroker() as running,
        pytest.raises(OutsideError, match="does not let this user subscribe"),
        Collector(parse_broker(running.url), writer),
    ):
        pass


def test_two_of_one_name(broker: Mosquitto, db: str) -> None:
    both = [Running(broker.url, db), Running(broker.url, db)]
    both[0].says("does another collector with this --db run in this folder?", at_last=True)
    publish(broker.url, said(0, 100))
    wait_for_rows(open_db(db), 100)
    ends = [running.ends() for running in both]
    assert [code for code, _ in ends] == [0, 0]
    assert sum(counts["readings"] for _, counts in ends) == 100


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_is_stopped(broker: Mosquitto, url: str) -> None:
    engine = open_db(url)
    running = Running(broker.url, url)
    publish(broker.url, said(0, 100))
    wait_for_rows(engine, 100)
    with postgres.stopped(url):
        publish(broker.url, said(100, 150))
        running.says("waiting for it")
    running.says("database: it is back")
    wait_for_rows(engine, 150)
    with postgres.stopped(url):
        publish(broker.url, said(150, 200))
        running.says("waiting for it")
        code, counts = running.ends(signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
        assert (code, counts["readings"]) == (1, 150)
        running.says("150 readings")
        running.says("messages are not stored: start it again")
    running = Running(broker.url, url)
    wait_for_rows(engine, 200)
    assert running.ends()[0] == 0
    assert stored(engine) == list(range(200))
