"""A broker that keeps too few messages for an outage: the collector says so before it happens."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.broker.mosquitto import Mosquitto, anonymous
from tests.broker.secured import password, run_secured
from tests.cli.test_cli import RUN
from tests.collector.test_collector import publish, state, wait_for_rows
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.broker.embedded import EmbeddedBroker
from edgewise.collector.broker_queue import QueueCheck
from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.urls import BrokerUrl, parse_broker

STOCK = ""  # what mosquitto does without a line of configuration
KEPT = 1000
SENT = 1500
ALARM = f"it keeps {KEPT} messages for a collector that is away or slow, more are lost"
CURE = "the folder of edgewise broker init, or with max_queued_messages 0"


class Collect:
    """``edgewise collect``; its lines on stderr are in a file."""

    def __init__(self, broker: Mosquitto, db: str, folder: Path) -> None:
        self._log = folder / "collect.log"
        words = ("collect", "--broker", broker.url, "--db", db)
        self._process = Forked(*words, cwd=folder, log=self._log)

    def lines(self) -> str:
        return self._log.read_text()

    def stop(self) -> str:
        """What it has said in all."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(LIMIT_S) == 0, self.lines()
        return self.lines()


def sessions(broker: Mosquitto) -> list[str]:
    """The connections of measurements so far, 1 for each whose session ends with it."""
    return re.findall(r"as queue-of-\S+ \(p2, c(\d)", broker.log())


def check(url: BrokerUrl) -> list[str]:
    """What is said of the broker, after the measurement."""
    lines: list[str] = []
    check = QueueCheck(url, "edgewise", "edgewise-a", lines.append)
    with check:
        wait_until(lambda: not check._thread.is_alive())
    return lines


def test_the_loss_of_an_outage_is_foretold(tmp_path: Path, db: str) -> None:
    messages = [("edgewise/n1/state", state(seq)) for seq in range(SENT)]
    with anonymous(tmp_path, STOCK) as broker:
        collect = Collect(broker, db, tmp_path)
        wait_until(lambda: ALARM in collect.lines(), collect.lines)
        assert CURE in collect.stop()
        publish(broker.url, [*messages])
        collect = Collect(broker, db, tmp_path)
        engine = open_db(db)
        wait_for_rows(engine, KEPT)
        wait_until(lambda: ALARM in collect.lines(), collect.lines)
        assert "1000 readings" in collect.stop()
        with engine.connect() as connection:
            count, last = connection.execute(
                select(func.count(), func.max(reading.c.seq)).select_from(reading)
            ).one()
        assert (count, last) == (KEPT, KEPT - 1), "it is true what was said"


def test_a_queue_without_a_limit_gives_no_alarm(tmp_path: Path, db: str) -> None:
    with anonymous(tmp_path, "max_queued_messages 0\n") as broker:
        collect = Collect(broker, db, tmp_path)
        wait_until(lambda: len(sessions(broker)) == 4, broker.log)
        lines = collect.stop()
    assert "keeps" not in lines and "unknown" not in lines


def test_the_folder_of_broker_init_gives_no_alarm() -> None:
    with run_secured("n1") as broker:
        secret = password(broker.folder, "operator")
        address = f"mqtts://operator:{secret}@localhost:{broker.port}"
        assert check(parse_broker(address, broker.folder / "ca.pem")) == []


def test_a_user_without_the_right_is_told_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.collector.broker_queue._LIMIT_S", 2)
    (place / "acl").write_text("topic read edgewise/#\n")
    with anonymous(place, "acl_file acl\n") as broker:
        (line,) = check(parse_broker(broker.url))
    assert "is unknown: let this user write edgewise/+/cmd/#" in line


def test_the_embedded_broker_keeps_nothing() -> None:
    with EmbeddedBroker() as broker:
        (line,) = check(parse_broker(broker.url))
    assert "it keeps no messages for a collector that is away" in line and CURE in line


def test_a_measurement_leaves_no_session_at_the_broker(tmp_path: Path) -> None:
    with anonymous(tmp_path, STOCK) as broker:
        for _ in range(2):
            assert len(check(parse_broker(broker.url))) == 1
        assert sessions(broker) == ["1", "0", "0", "1"] * 2


def test_two_collectors_of_one_name_measure_alone(tmp_path: Path) -> None:
    with anonymous(tmp_path, "max_queued_messages 0\n") as broker:
        code = (
            "import sys; from edgewise.collector.broker_queue import QueueCheck;"
            "from edgewise.urls import parse_broker;"
            "c = QueueCheck(parse_broker(sys.argv[1]), 'edgewise', 'edgewise-a', print);"
            "c.__enter__(); c._thread.join()"
        )
        words = [RUN[0], "-c", code, broker.url]
        both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate(timeout=LIMIT_S)[0] for process in both] == ["", ""]
