"""The collector against real brokers: committed before acknowledged, one row a reading."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.command import edgewise
from tests.forked import Forked
from tests.shared import LIMIT_S, both_brokers, wait_until

from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.database.schema import reading, rejected
from edgewise.messages.client import MqttClient
from edgewise.urls import parse_broker

RUN = [sys.executable, "-m", "edgewise.cli.main"]


def state(seq: int, /, **fields: Any) -> str:
    value = {"ts": 1_700_000_000 + seq, "boot": 1, "seq": seq, "t": 21.5, "h": 40, "cls": "a"}
    return json.dumps({**value, "p": 0.9, **fields})


def publish(url: str, messages: list[tuple[str, str | bytes]]) -> None:
    broker_url = parse_broker(url)
    client = MqttClient(broker_url)
    client.connect(broker_url.host, broker_url.port)
    client.loop_start()
    infos = [client.publish(topic, payload, qos=1) for topic, payload in messages]
    for info in infos:
        info.wait_for_publish(LIMIT_S)
    client.disconnect()
    client.loop_stop()


@both_brokers
def test_one_row_a_reading(broker: str, tmp_path: Path) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    collector = Collector(parse_broker(broker), Writer(engine))
    collector.start()
    messages: list[tuple[str, str | bytes]] = [
        ("edgewise/n1/state", state(seq % 200)) for seq in range(400)
    ]
    replay = "[" + ",".join(state(seq) for seq in range(195, 205)) + "]"
    publish(broker, [*messages, ("edgewise/n1/replay", replay)])
    assert collector.wait_for(lambda c: c.readings + c.duplicates >= 410, LIMIT_S)
    collector.stop()
    assert (collector.counts.readings, collector.counts.duplicates, collector.counts.rejected) == (
        205,
        205,
        0,
    )
    with engine.connect() as connection:
        late_seqs = connection.execute(select(reading.c.seq).where(reading.c.late == 1)).scalars()
        assert sorted(late_seqs) == [200, 201, 202, 203, 204]


BAD_PAYLOADS = {
    "not JSON": b"{",
    "NaN": state(1).replace("21.5", "NaN"),
    "infinite": state(1).replace("21.5", "1e999"),
    "text as number": state(1, t="21"),
    "out of range": state(1, h=101),
    "no seq": '{"boot":1}',
    "negative seq": state(-1),
    "bool seq": state(1, seq=True),
    "unknown key": state(1, x="x" * 600),
    "half a reading": state(1, t=None),
    "long class": state(1, cls="x" * 65),
    "array": "[]",
    "bytes": b"\xff\xfe",
    "deep": "[" * 3000,
    "huge": "x" * 5000,
    "milliseconds": state(1, ts=1_700_000_000_000),
}


def test_malformed_messages_are_kept_aside(broker: str, tmp_path: Path) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    collector = Collector(parse_broker(broker), Writer(engine))
    collector.start()
    publish(broker, [("edgewise/n1/state", payload) for payload in BAD_PAYLOADS.values()])
    publish(broker, [("edgewise/n1/state", state(7))])
    assert collector.wait_for(lambda c: c.readings == 1, LIMIT_S)
    collector.stop()
    assert collector.counts.rejected == len(BAD_PAYLOADS)
    with engine.connect() as connection:
        rows = connection.execute(select(rejected)).all()
    assert len(rows) == len(BAD_PAYLOADS)
    assert all(len(row.payload) <= 1024 and row.why for row in rows)


def start(url: str, db: Path, *options: str) -> Forked:
    process = Forked("collect", "--broker", url, "--db", f"sqlite:///{db}", "--json", *options)
    line = process.stderr.readline()
    assert "collecting" in line, line
    return process


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_after_the_last_commit(
    broker: str, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(broker, tmp_path / "a.db")
    publish(broker, [("edgewise/n1/state", state(seq)) for seq in range(300)])
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    wait_for_rows(engine, 300)
    process.send_signal(number)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert json.loads(out)["readings"] == 300


# amqtt forgets what a killed client had not acknowledged; mosquitto sends it again.
@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_killed_and_started_again_nothing_is_lost(broker: str, tmp_path: Path) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    process = start(broker, tmp_path / "a.db")
    publish(broker, [("edgewise/n1/state", state(seq)) for seq in range(500)])
    process.kill()
    process.communicate(timeout=LIMIT_S)
    publish(broker, [("edgewise/n1/state", state(seq)) for seq in range(500, 700)])
    process = start(broker, tmp_path / "a.db")
    wait_for_rows(engine, 700)
    process.terminate()
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0


def wait_for_rows(engine: Any, n: int) -> None:
    def count() -> int:
        with engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(reading)))

    wait_until(lambda: count() >= n, lambda: f"{count()} of {n} rows")
    assert count() == n


@pytest.mark.parametrize(
    ("url", "code", "message"),
    [
        ("mqtt://127.0.0.1:1", 1, "broker mqtt://127.0.0.1:1: Connection refused"),
        ("mqtt://no-such-host.invalid", 1, "the host name is not known"),
        ("http://127.0.0.1", 2, "is not an address: use mqtt://"),
        ("mqtt://127.0.0.1:port", 2, "use mqtt://"),
    ],
)
def test_addresses_that_cannot_be(url: str, code: int, message: str, tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path / 'a.db'}"
    result = edgewise("collect", "--broker", url, "--db", db, "--once")
    assert result.returncode == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("db", "code", "message"),
    [
        ("sqlite:///none/a.db", 2, "database folder none does not exist"),
        ("file.db", 2, "is not an address: use sqlite:///"),
        ("postgresql://u:pw@h:port/edge", 2, "database 'h:port/edge' is not an address"),
        ("postgresql://127.0.0.1:1/edge", 1, "refused"),
        ("sqlite:///text.db", 1, "file is not a database"),
    ],
)
def test_databases_that_cannot_be(db: str, code: int, message: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be read as one\n" * 50)
    result = edgewise("collect", "--broker", "mqtt://127.0.0.1:1", "--db", db, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
