"""`edgewise up` as a process: what runs, what dies, what ends it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.broker.mosquitto import free_port
from tests.command import edgewise
from tests.counts import WHOLE
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.package.store import Package
from edgewise.station.brokers import lan_broker, local_broker
from edgewise.station.folder import StationFolder
from edgewise.station.station import Plan, Station
from edgewise.urls import parse_broker

FREE = ("--port", "0", "--broker-port", "0")
whole = pytest.mark.skipif(not WHOLE, reason="starts a collector and a dashboard: make test-all")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No password, and no simulated node of another test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[Forked, Path]]:
    """`edgewise up` when it has said where everything is, and the file with what it says."""
    log = folder.with_name(f"{folder.name}.log")
    process = Forked("up", str(folder), *options, log=log)
    try:
        wait_for(process, log, "Ctrl-C ends it all")
        yield process, log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)


def wait_for(process: Forked, log: Path, text: str) -> None:
    def is_there() -> bool:
        assert process.returncode is None or text in log.read_text(), log.read_text()
        return text in log.read_text()

    wait_until(is_there, log.read_text)


def children(pid: int) -> dict[str, int]:
    """Process ids of the parts by a word of their command lines."""
    parts = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        known = ("collect", "dashboard", "notify", "simulate", "broker")
        parts[next((w for w in words if w in known), "mosquitto")] = int(child)
    return parts


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def write_notify(folder: Path, mode: int = 0o600) -> None:
    folder.mkdir()
    path = folder / "notify.toml"
    path.write_text('urls = ["json://127.0.0.1:9/"]\n')
    path.chmod(mode)


def test_bad_settings_of_notifications_are_said_before_anything_runs(tmp_path: Path) -> None:
    folder = tmp_path / "st"
    write_notify(folder, 0o644)
    result = edgewise("up", folder, *FREE)
    assert result.returncode == 2
    path = folder / "notify.toml"
    assert result.stderr == f"error: {path}: others can read it: run: chmod 600 {path}\n"
    assert [p.name for p in folder.iterdir()] == ["notify.toml"]


def test_up_runs_all_until_sigint_and_refuses_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "st"
    write_notify(folder)
    with running(folder, *FREE) as (process, log):
        assert "\nnotify    1. JSON, as notify.toml says\n" in log.read_text()
        page = re.search(r"^page +(http://\S+)$", log.read_text(), re.MULTILINE)
        broker = re.search(
            r"^broker +(mqtt://127\.0\.0\.1:\d+), mosquitto$", log.read_text(), re.M
        )
        assert page and broker
        with urlopen(page[1], timeout=LIMIT_S) as answer:
            assert b"Edgewise" in answer.read()
        simulated = folder / "simulated/node.toml"
        assert simulated.stat().st_mode & 0o777 == 0o600
        assert f"--config simulated/node.toml --broker {broker[1]}" in log.read_text()
        second = edgewise("up", folder, *FREE)
        assert second.returncode == 2
        assert re.fullmatch(
            rf"error: {folder}: edgewise up runs here already, process {process.pid}: end it, or "
            "name another folder\n",
            second.stderr,
        )
        parts = children(process.pid)
        assert sorted(parts) == ["collect", "dashboard", "mosquitto", "notify"]
        # Ctrl-C on a terminal reaches a process group: the parts are in others
        assert {os.getpgid(pid) for pid in parts.values()} == set(parts.values())
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0, log.read_text()
        assert not any(map(is_alive, parts.values()))
        assert log.read_text().endswith("ended: notify, dashboard, collector, broker\n")
        assert "Traceback" not in log.read_text()
    with StationFolder(folder).locked():  # it is free again
        pass


@whole
@pytest.mark.parametrize("name", ["collect", "dashboard", "mosquitto"])
def test_a_part_that_dies_ends_all(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "st"
    with running(folder, *FREE) as (process, log):
        parts = children(process.pid)
        os.kill(parts[name], signal.SIGKILL)
        assert process.wait(LIMIT_S) == 1
        shown = {"collect": "collector", "mosquitto": "broker"}.get(name, name)
        assert f"\nerror: {shown} was ended by signal 9" in log.read_text()
        assert not any(map(is_alive, parts.values()))


@whole
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux ends orphans")
def test_the_parts_end_with_a_killed_up(tmp_path: Path) -> None:
    with running(tmp_path / "st", *FREE) as (process, _log):
        parts = children(process.pid)
        if os.geteuid() == 0:
            os.kill(parts.pop("mosquitto"), signal.SIGTERM)  # it became another user
        process.kill()
        wait_until(lambda: not any(map(is_alive, parts.values())))


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ("--port", ""),
        ("--broker-port", ", or use that one with --broker mqtt://127.0.0.1:{}"),
    ],
)
def test_a_port_in_use_is_named_with_its_cure(tmp_path: Path, option: str, more: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = edgewise("up", tmp_path / "st", *FREE, option, str(port))
    assert result.returncode == 1
    assert result.stderr == (
        f"error: port {port}: cannot be taken (Address already in use): end what listens there, "
        f"or choose another with {option}{more.format(port)}\n"
    )


@whole
def test_simulated_nodes_stay_and_have_the_key_of_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "st"
    with running(folder, *FREE, "--demo-nodes", "2") as (process, log):
        wait_for(process, log, "nodes: every reading is acknowledged; demo-1, demo-2 stay online")
        broker = re.search(r"mqtt://127\.0\.0\.1:\d+", log.read_text())
        assert broker
        arguments = ("--node", "demo-2", "--broker", broker.group(), "--json")
        config = ("--config", folder / "simulated/node.toml")
        answer = edgewise("command", "diag", *arguments, *config)
        assert json.loads(answer.stdout)["value"]["signed"] == 1, answer.stderr
        again = edgewise("simulate", "--model", folder / "models/occupancy", *arguments[:4])
        assert again.returncode == 2
        assert "node demo-2" in again.stderr and "another name with --node" in again.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0, log.read_text()
        assert "ended: nodes, dashboard, collector, broker" in log.read_text()
    with closing(sqlite3.connect(folder / "edgewise.db")) as db:
        ages = db.execute(
            "select node, count(*), max(received_at - ts) from reading group by node"
        )
        counts = {node: (n, age) for node, n, age in ages}
    assert set(counts) == {"demo-1", "demo-2"}
    assert all(1400 <= n <= 1442 and age < 25 * 3600 for n, age in counts.values())
    with closing(sqlite3.connect(folder / "edgewise.db")) as db:
        means = db.execute("select avg(t) from reading group by node").fetchall()
    assert means[0] != means[1]  # other days


@whole
def test_nodes_of_the_network_have_passwords(place: Path, model: Package, log_path: Path) -> None:
    folder = place / "st"
    with running(folder, *FREE, "--lan", "--node", "kitchen") as (process, log):
        settings = f"{folder}/broker/nodes/kitchen.toml"
        assert f"kitchen: its broker settings are {settings}" in log.read_text()
        command_line = Path(f"/proc/{children(process.pid)['collect']}/cmdline").read_bytes()
        assert b"operator" not in command_line
    port = json.loads((folder / "broker/edgewise.json").read_text())["port"]
    setup = ("--wifi", "lab", "--wifi-password", "12345678", "--sensor", "dht22", "--pin", "4")
    out = folder / "node.toml"
    made = edgewise("init", "--node", "attic", "--broker", "here", *setup, "--out", out)
    assert made.returncode == 0, made.stderr
    rows = log_path.read_text().splitlines(keepends=True)[:21]
    (place / "log.csv").write_text("".join(rows))
    # the user asked for it once, and nodes rely on it
    with running(folder, "--port", "0") as (_, log):
        assert f"mqtts://{socket.gethostname()}" in log.read_text()
        ca = folder / "broker/ca.pem"
        address = ("--broker", f"mqtts://localhost:{port}", "--ca", ca)
        options = ("--model", model.path, "--log", place / "log.csv", "--json", "--config", out)
        result = edgewise("simulate", *options, *address)
        assert json.loads(result.stdout)["readings_delivered"] == 20, result.stderr
        stranger = edgewise("command", "diag", "--node", "attic", *address)
        assert stranger.returncode == 1 and "Not authorized" in stranger.stderr
    with closing(sqlite3.connect(folder / "edgewise.db")) as db:
        assert db.execute("select node, count(*) from reading").fetchall() == [("attic", 20)]


@whole
def test_a_broker_that_runs_already_is_used(tmp_path: Path, broker: str) -> None:
    url = broker.replace("mqtt://", "mqtt://me:hush@")
    with running(tmp_path / "st", "--port", "0", "--broker", url) as (process, log):
        assert f"\nbroker    {broker.replace('//', '//me@')}\n" in log.read_text()
        assert sorted(children(process.pid)) == ["collect", "dashboard"]
        assert "hush" not in log.read_text()


@whole
def test_without_mosquitto_the_embedded_broker_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.station.brokers.find_mosquitto", lambda: None)
    said: list[str] = []

    def has_ended(seconds: float) -> bool:
        wait_until(lambda: True)
        return "Ctrl-C ends it all" in said

    Station(Plan(tmp_path / "st", port=0, broker_port=0), has_ended, said.append).run()
    assert any(line.endswith(", the embedded broker") for line in said)
    assert said[-1] == "ended: dashboard, collector, broker"
    broker = local_broker(StationFolder(tmp_path / "st"), free_port())
    assert parse_broker(broker.url).host == "127.0.0.1"
    with pytest.raises(Exception, match="--lan: only mosquitto has passwords"):
        lan_broker(StationFolder(tmp_path / "st"), 0, [])


def test_it_replaces_nothing_of_the_user(tmp_path: Path, repo: Path) -> None:
    package = shutil.copytree(repo / "models/occupancy", tmp_path / "package")
    inside = edgewise("up", package / "st", *FREE)
    assert inside.returncode == 2 and "is in the model package" in inside.stderr
    (tmp_path / "simulated").mkdir()
    settings = tmp_path / "simulated/node.toml"
    settings.write_text("period_ms = 5000\n")
    result = edgewise("up", tmp_path, *FREE)
    assert result.returncode == 2
    assert f"{settings}: was not written by edgewise up: move that file" in result.stderr
    assert settings.read_text() == "period_ms = 5000\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--node", "n1"), "--node: only a broker for the network knows its nodes: add --lan"),
        (("--lan", "--demo-nodes", "1"), "--demo-nodes: simulated nodes need a broker of this"),
        (("--lan", "--broker", "mqtt://pi"), "--broker is one that runs already: leave out --lan"),
        (("--broker", "pi"), "is not an address"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    result = edgewise("up", tmp_path / "st", *options)
    assert result.returncode == 2
    assert message in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "st").exists()
