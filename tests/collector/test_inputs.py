"""A node on a cable and the readings of a log end in the same table, with the same key."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.board.cable import Cable
from tests.collector.test_collector import publish, state, wait_for_rows
from tests.command import edgewise
from tests.forked import Forked
from tests.shared import LIMIT_S, small_log, wait_until
from typer.testing import CliRunner

from edgewise.cli.main import app
from edgewise.collector import Writer, inputs
from edgewise.collector.inputs import SerialInput
from edgewise.database import open_db
from edgewise.database.schema import diag, reading
from edgewise.errors import OutsideError
from edgewise.logs.log import read_log

HELLO = b"edgewise: node a1b2c3, boot 7, model occupancy, viper-inline\r\n"


def line(seq: int) -> bytes:
    return f"state {state(seq, boot=7)}\r\n".encode()


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path)
    yield cable
    cable.unplug()


@pytest.fixture
def db(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}"


def collect(*arguments: str) -> Forked:
    process = Forked("collect", *arguments, "--json")
    while "Ctrl-C ends it" not in (output := process.stderr.readline()):
        assert output, process.communicate()
    return process


def read_rows(engine: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(reading).order_by(reading.c.seq)).mappings())


def test_a_node_on_a_cable(cable: Cable, db: str) -> None:
    process = collect("--serial", cable.port, "--db", db)
    engine = open_db(db)
    data = b"\xff\xfegarbage\r\n" + line(1) + b"state {half\r\n" + HELLO + line(2)
    cable.say(data + b'diag {"boot": 7, "ts": null, "heap": 5}\r\n' + line(2) + line(3))
    wait_for_rows(engine, 3)
    cable.unplug()
    cable.plug()

    def is_stored() -> bool:
        cable.offer(line(4))  # lost until the port is open again
        return len(read_rows(engine)) == 4

    wait_until(is_stored)
    process.terminate()
    out, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert "serial: it is back" in stderr
    counts = json.loads(out)
    assert (counts["readings"], counts["rejected"]) == (4, 1)
    assert [(r["node"], r["boot"], r["seq"]) for r in read_rows(engine)] == [
        ("a1b2c3", 7, seq) for seq in (1, 2, 3, 4)
    ]
    with engine.connect() as connection:
        assert connection.execute(select(diag.c.node)).scalars().all() == ["a1b2c3"]


def test_a_given_name_stays_and_one_that_never_comes_is_told(cable: Cable, db: str) -> None:
    process = collect("--serial", cable.port, "--db", db, "--node", "attic")
    cable.say(line(1) + HELLO + line(2))
    wait_for_rows(open_db(db), 2)
    process.terminate()
    process.communicate(timeout=LIMIT_S)
    assert {row["node"] for row in read_rows(open_db(db))} == {"attic"}

    messages: list[str] = []
    with (
        Writer(open_db(db)) as writer,
        SerialInput(cable.port, None, writer, messages.append) as serial_input,
    ):
        cable.say(line(3) + line(4))
        wait_until(lambda: serial_input._nameless == 2)
    assert messages[-1].startswith("serial: 2 lines are not stored")


def test_it_ends_while_the_database_is_away(
    cable: Cable, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_STOP_S", 0.1)
    put_event = threading.Event()

    class Full(Writer):
        def put(self, *_: Any) -> None:
            put_event.set()
            self._stopping.wait(LIMIT_S)

    writer = Full(open_db(db))
    with SerialInput(cable.port, "a", writer, print):
        cable.say(line(1))
        assert put_event.wait(LIMIT_S)
    assert not writer._stopping.is_set()
    writer.stop()


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_by_cable_and_by_mqtt_it_is_one_row(cable: Cable, broker: str, db: str) -> None:
    arguments = ["--serial", cable.port, "--node", "a1b2c3", "--broker", broker, "--db", db]
    process = collect(*arguments)
    cable.say(line(1) + line(2))
    wait_for_rows(open_db(db), 2)
    publish(broker, [("edgewise/a1b2c3/state", state(seq, boot=7)) for seq in (1, 2, 3)])
    wait_for_rows(open_db(db), 3)
    process.terminate()
    out, _ = process.communicate(timeout=LIMIT_S)
    counts = json.loads(out)
    assert (counts["readings"], counts["duplicates_dropped"]) == (3, 2)


def replay(log: Path, db: str, *options: str) -> subprocess.CompletedProcess[str]:
    return edgewise("collect", "--replay", log, "--db", db, "--json", *options)


def test_a_log_twice(tmp_path: Path, db: str) -> None:
    path = small_log(tmp_path / "log.csv", 100, nodes=2)
    lines = path.read_text().splitlines()
    lines[7] = lines[7].split(",")[0] + ",n0,nan,nan,"
    path.write_text("\n".join(lines) + "\n")
    log = read_log(path)
    assert json.loads(replay(path, db).stdout)["readings"] == len(log) == 200
    counts = json.loads(replay(path, db).stdout)
    assert (counts["readings"], counts["duplicates_dropped"]) == (0, 200)
    for i, row in enumerate(read_rows(open_db(db))):
        assert (row["node"], row["ts"]) == (log.node[i], log.time_s[i])
        values = (
            (log.t_dc[i] / 10, log.h_pm[i] / 10, None) if log.valid[i] else (None, None, "failed")
        )
        assert (row["t"], row["h"], row["err"]) == values


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name where readings come from"),
        (["--replay", "none.csv"], "none.csv"),
        (["--replay", "log.csv"], "log.csv:2: node '': name the node with --node"),
        (["--replay", "hot.csv", "--node", "a"], "hot.csv:3: t is not within -40 to 80: correct"),
        (["--replay", "log.csv", "--node", "a/b"], "--node 'a/b': a name without"),
        (["--replay", "log.csv", "--node", "a" * 65], "log.csv:2: the node's name is not 1 to 64"),
        (["--replay", "from_0.csv", "--node", "a"], "from_0.csv:2: the time is before 2000"),
        (["--broker", "mqtt://h", "--group", ""], "--group '': a name without"),
        (["--replay", "log.csv", "--node", "a", "--keep", "3m"], "'3m': write a time such as"),
        (["--replay", "log.csv", "--node", "a", "--metrics", "x"], "--metrics x: write HOST:PORT"),
    ],
)
def test_wrong_use(
    arguments: list[str], message: str, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, time_s in (("log.csv", 1_700_000_000), ("from_0.csv", 0)):
        Path(name).write_text(f"time,temperature,humidity\n{time_s},20.1,40\n")
    Path("hot.csv").write_text("time,temperature,humidity\n1700000000,20,40\n1700000060,90,40\n")
    result = edgewise("collect", "--db", db, *arguments)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)
    assert message in result.stderr


def test_the_only_board(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.board.ports.board_ports", list)
    result = CliRunner().invoke(app, ["collect", "--serial", "auto", "--db", db])
    assert isinstance(result.exception, OutsideError)
    assert "no board found on USB" in str(result.exception)
