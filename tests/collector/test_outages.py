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

import pytest
from sqlalchemy import Engine, select
from tests.broker.mosquitto import Mosquitto, anonymous, free_port
from tests.collector.test_collector import publish, state, wait_for_rows
from tests.collector.test_metrics import read
from tests.database import postgres
from tests.forked import Forked
from tests.shared import LIMIT_S

from edgewise.broker import amqtt_broker
from edgewise.broker.embedded import EmbeddedBroker
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.errors import OutsideError
from edgewise.urls import parse_broker

FULL = 64 * 1024  # bytes that a file may have: what SQLite needs to open, and little more


class CollectCommand:
    """``edgewise collect``, its lines on stderr in a queue."""

    def __init__(self, broker: str, db: str, *options: str) -> None:
        self.process = Forked("collect", "--broker", broker, "--db", db, "--json", *options)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.expect_line("Ctrl-C ends it")

    def _read(self) -> None:
        for line in self.process.stderr:
            self._lines.put(line.rstrip())

    def expect_line(self, part: str, at_last: bool = False) -> None:
        """Its next line has ``part``, or one of the next."""
        line = self._lines.get(timeout=LIMIT_S)
        while at_last and part not in line:
            line = self._lines.get(timeout=LIMIT_S)
        assert part in line, [line, *self._lines.queue]

    def limit(self, size: int) -> None:
        """The size that a file of it may have from now on."""
        hard = resource.RLIM_INFINITY
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def stop(self, *signals: signal.Signals) -> tuple[int, Any]:
        """Exit code and what it says on stdout."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
        report = json.loads(self.process.stdout.read())
        return self.process.wait(LIMIT_S), report


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with anonymous(tmp_path) as broker:
        yield broker


@pytest.fixture
def db(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}"


def make_messages(first: int, last: int) -> list[tuple[str, str | bytes]]:
    return [("edgewise/n1/state", state(seq)) for seq in range(first, last)]


def read_seqs(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(reading.c.seq).order_by(reading.c.seq)))


def count_acknowledged(broker: Mosquitto) -> int:
    return broker.log().count("Received PUBACK from edgewise-")


def test_a_full_disk(broker: Mosquitto, db: str) -> None:
    engine = open_db(db)
    command = CollectCommand(broker.url, db)
    publish(broker.url, make_messages(0, 100))
    wait_for_rows(engine, 100)
    broker.wait_until(lambda: count_acknowledged(broker) == 100, "not acknowledged")
    command.limit(FULL)
    publish(broker.url, make_messages(100, 1000))
    command.expect_line("waiting for it")
    stored_count = len(read_seqs(engine))
    assert count_acknowledged(broker) <= stored_count < 1000
    command.limit(resource.RLIM_INFINITY)
    command.expect_line("database: it is back")
    wait_for_rows(engine, 1000)
    assert read_seqs(engine) == list(range(1000))
    code, counts = command.stop()
    assert (code, counts["readings"]) == (0, 1000)


def test_a_full_disk_that_has_the_log_too(broker: Mosquitto, db: str, tmp_path: Path) -> None:
    engine = open_db(db)
    address = f"127.0.0.1:{free_port()}"
    arguments = ("collect", "--broker", broker.url, "--db", db, "--metrics", address)
    process = Forked(*arguments, log=tmp_path / "log")
    broker.wait_until(lambda: "collecting" in (tmp_path / "log").read_text(), "not started")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    publish(broker.url, make_messages(0, 10))
    broker.wait_until(lambda: read(address)["edgewise_failed_total", ""] > 0, "not failed")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    wait_for_rows(engine, 10)
    process.terminate()
    assert process.wait(LIMIT_S) == 0


def test_a_disk_that_is_full_at_the_start(tmp_path: Path, db: str) -> None:
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "from edgewise.cli.main import run; run()"
    )
    arguments = ["collect", "--broker", "mqtt://127.0.0.1:1", "--db", db]
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert "a.db" in result.stderr


@pytest.mark.parametrize("options", [(), ("--group", "lab")])
def test_a_broker_that_forgot_all(broker: Mosquitto, db: str, options: tuple[str, ...]) -> None:
    engine = open_db(db)
    address = f"127.0.0.1:{free_port()}"
    command = CollectCommand(broker.url, db, "--metrics", address, *options)
    publish(broker.url, make_messages(0, 10))
    wait_for_rows(engine, 10)
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        publish(broker.url, make_messages(10, 20))
        # a broker that is killed may not have sent all of which its log says so
        broker.wait_until(lambda: read(address)["edgewise_waiting", ""] == 10, "not received")
        broker.stop(signal.SIGKILL)
        # the measurement of the broker's queue may end with the broker, and says so
        command.expect_line("connection lost", at_last=True)
        broker.start()
        command.expect_line("it is back", at_last=True)
        publish(broker.url, make_messages(20, 30))
        broker.wait_until(
            lambda: broker.log().count("Sending PUBLISH to edgewise-") >= 10, "not sent"
        )
        assert count_acknowledged(broker) == 0
    wait_for_rows(engine, 30)
    code, counts = command.stop()
    assert (code, counts["readings"], counts["duplicates_dropped"]) == (0, 30, 0)
    # those of this connection, not those of the one before
    assert count_acknowledged(broker) == 10


@pytest.mark.filterwarnings("ignore:The 'acl' option is deprecated")
def test_a_broker_that_lets_nobody_subscribe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = {"amqtt.plugins.topic_checking.TopicAccessControlListPlugin": {"acl": {"x": ["x"]}}}

    class Strict(amqtt_broker.AmqttBroker):
        def __init__(self, config: dict[str, Any], *say: Any) -> None:
            super().__init__({**config, "plugins": {**config["plugins"], **rights}}, *say)

    monkeypatch.setattr(amqtt_broker, "AmqttBroker", Strict)
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"))
    with (
        EmbeddedBroker() as broker,
        pytest.raises(OutsideError, match="does not let this user subscribe"),
        Collector(parse_broker(broker.url), writer),
    ):
        pass


def test_two_of_one_name(broker: Mosquitto, db: str) -> None:
    commands = [CollectCommand(broker.url, db), CollectCommand(broker.url, db)]
    commands[0].expect_line(
        "does another collector with this --db run in this folder?", at_last=True
    )
    publish(broker.url, make_messages(0, 100))
    wait_for_rows(open_db(db), 100)
    results = [command.stop() for command in commands]
    assert [code for code, _ in results] == [0, 0]
    assert sum(counts["readings"] for _, counts in results) == 100


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_database_that_is_stopped(broker: Mosquitto, url: str) -> None:
    engine = open_db(url)
    command = CollectCommand(broker.url, url)
    publish(broker.url, make_messages(0, 100))
    wait_for_rows(engine, 100)
    with postgres.stop_server(url):
        publish(broker.url, make_messages(100, 150))
        command.expect_line("waiting for it")
    command.expect_line("database: it is back")
    wait_for_rows(engine, 150)
    with postgres.stop_server(url):
        publish(broker.url, make_messages(150, 200))
        command.expect_line("waiting for it")
        code, counts = command.stop(signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
        assert (code, counts["readings"]) == (1, 150)
        command.expect_line("150 readings")
        command.expect_line("messages are not stored: start collect again")
    command = CollectCommand(broker.url, url)
    wait_for_rows(engine, 200)
    assert command.stop()[0] == 0
    assert read_seqs(engine) == list(range(200))
