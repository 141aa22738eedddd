"""A node that posts its readings: the node's own files, the collector, the database."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.broker.mosquitto import free_port
from tests.command import edgewise
from tests.counts import WHOLE
from tests.e2e.posting import NODE, TOKEN, Server, config_for, run_server, run_tls_proxy
from tests.e2e.test_small_node import HEAP, write_code
from tests.e2e.test_spine import rows
from tests.settings.test_rules import to_toml
from tests.shared import LIMIT_S, wait_until

from edgewise import paths
from edgewise.board.filesystem import Arch, node_code
from edgewise.broker.setup import init
from edgewise.collector import http
from edgewise.database.schema import diag, events
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.prediction.predict import predict_log
from edgewise.simulator import node as simulator
from edgewise.simulator.node import SimulatedNode

Monkeypatch = pytest.MonkeyPatch
UPLINKS = ("http", "coap")
whole = pytest.mark.skipif(not WHOLE, reason="some seconds of processor time: make test-all")
each_uplink = pytest.mark.parametrize("uplink", UPLINKS)


def run_until(model: Package, log: Log, config: dict[str, Any], text: str, **given: Any) -> str:
    """The first line of a node with ``text`` in it."""
    with SimulatedNode(model, log, config, 1, **given) as node:
        wait_until(
            lambda: any(text in line for line in node.lines) or node.wait(0), lambda: node.lines
        )
        lines = [line for line in node.lines if text in line]
    assert lines, node.lines
    return lines[0]


def check_rows(model: Package, log: Log, server: Server) -> None:
    stored = rows(server.engine, NODE)
    host = predict_log(model, log)
    assert [r.seq for r in stored] == list(range(1, len(stored) + 1))
    assert [r.t for r in stored] == [t / 10 for t in log.t_dc[: len(stored)].tolist()]
    assert [r.cls for r in stored] == [model.classes[c] for c in host.cls[: len(stored)]]
    assert server.writer.counts.rejected == 0


@each_uplink
@pytest.mark.parametrize("place", ["sources", pytest.param("board", marks=whole)])
def test_every_reading_arrives(
    model: Package, log: Log, uplink: str, place: str, tmp_path: Path, monkeypatch: Monkeypatch
) -> None:
    if place == "board":  # its own files and its heap
        folders = write_code(tmp_path / "code", node_code(Arch.x64, False, uplink))
        monkeypatch.setattr(paths, "node_dirs", lambda: folders)
        monkeypatch.setattr(simulator, "_HEAP", HEAP)
    with run_server(uplink, tmp_path) as server:
        with SimulatedNode(model, log.select(range(100)), server.config, 1) as node:
            assert node.wait(LIMIT_S)
            assert node.result() == (100, 0, 0), node.lines
        assert f"edgewise: {uplink}: connected" in node.lines
        check_rows(model, log.select(range(100)), server)
        with server.engine.connect() as connection:
            kinds = [row.event for row in connection.execute(select(events))]
            payload = connection.execute(select(diag).limit(1)).one().payload
    assert kinds[0] == "reset" and "class" in kinds
    assert json.loads(payload)["connects"] == 1


@whole
@each_uplink
def test_every_reading_of_a_sleeping_node_arrives(
    model: Package, log: Log, uplink: str, tmp_path: Path, monkeypatch: Monkeypatch
) -> None:
    folders = write_code(tmp_path / "code", node_code(Arch.x64, True, uplink))
    monkeypatch.setattr(paths, "node_dirs", lambda: folders)
    with run_server(uplink, tmp_path) as server:
        config = server.config | {"sleep": True, "report_every": 10}
        with SimulatedNode(model, log.select(range(70)), config, 1) as node:
            assert server.writer.wait_for(lambda c: c.readings >= 60, LIMIT_S), node.lines
            connects = sum(f"{uplink}: connected" in line for line in node.lines)
        check_rows(model, log, server)
    assert 6 <= connects <= 12


@whole
@each_uplink
def test_what_is_refused_is_named_and_nothing_is_lost(
    model: Package, log: Log, uplink: str, tmp_path: Path
) -> None:
    refused = {"http": "401 Unauthorized", "coap": "4.01"}[uplink]
    other = {"http": "403 Forbidden", "coap": "4.03"}[uplink]
    with run_server(uplink, tmp_path) as server:
        for change, why in (
            ({"server": server.config["server"] | {"token": TOKEN + "x"}}, refused),
            ({"node": "other"}, other),
        ):
            line = run_until(model, log, server.config | change, "; again in")
            assert line.startswith(f"edgewise: {uplink}: the server says {why}"), line
            assert TOKEN not in line
        assert server.count() == 0


@whole
@each_uplink
def test_simulate_sends_to_the_server_of_its_settings(
    model: Package, log_path: Path, uplink: str, tmp_path: Path
) -> None:
    log_part = tmp_path / "log.csv"
    log_part.write_text("".join(log_path.read_text().splitlines(keepends=True)[:21]))
    with run_server(uplink, tmp_path) as server:
        url = server.config["server"]["url"].replace("127.0.0.1", "localhost")
        config = tmp_path / "node.toml"
        config.write_text(to_toml(config_for(uplink, url)))
        config.chmod(0o600)
        command = ["simulate", "--model", model.path, "--log", log_part, "--config", config]
        result = edgewise(*command, "--json")
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["readings_delivered"] == server.count() == 20
        assert TOKEN not in result.stderr
        result = edgewise(*command, "--broker", "mqtt://localhost")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert f"uplink = '{uplink}' sends to server.url: leave --broker out" in result.stderr
    result = edgewise(*command)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert f"error: server {url}: " in result.stderr
    assert f"that a collector runs (edgewise collect --{uplink})" in result.stderr


@whole
def test_https(model: Package, log: Log, place: Path, tmp_path: Path) -> None:
    certified = place / "b"
    init(certified, ["localhost"], ["n1"], free_port())
    ca = {"ca.der": (certified / "nodes/ca.der").read_bytes()}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certified / "server.pem", certified / "server.key")
    with run_server("http", tmp_path) as server:
        plain = int(server.config["server"]["url"].rpartition(":")[2])
        with run_tls_proxy(context, plain) as port:
            url = f"https://127.0.0.1:{port}"
            right = config_for("http", url, name="localhost")
            with SimulatedNode(model, log.select(range(50)), right, 1, files=ca) as node:
                assert node.wait(LIMIT_S)
                assert node.result() == (50, 0, 0), node.lines
            check_rows(model, log, server)
            for config, given, why in (
                (config_for("http", url, name="pi.lan"), ca, "not match with the expected CN"),
                (right, {"ca.der": _other_ca(place)}, "not correctly signed by the trusted"),
                (config_for("http", f"https://127.0.0.1:{plain}", name="localhost"), ca, "again"),
                (right, {}, "tls: ca.der cannot be read"),
            ):
                line = run_until(model, log, config, why, files=given)
                assert "connected" not in line
            of_1970 = replace(log, time_s=log.time_s - log.time_s[0])
            why = "tls: refused while the clock is not set"
            run_until(model, of_1970, right, why, files=ca)
        assert server.count() == 50


def _other_ca(folder: Path) -> bytes:
    init(folder / "other", ["localhost"], ["n1"], free_port())
    return (folder / "other/nodes/ca.der").read_bytes()


def test_a_server_that_ends_a_connection_after_each_answer(
    model: Package, log: Log, tmp_path: Path, monkeypatch: Monkeypatch
) -> None:
    answer = http.Response

    def close_after(content: Any, status: int, headers: dict[str, str] | None, **more: Any) -> Any:
        return answer(content, status, {**(headers or {}), "Connection": "close"}, **more)

    monkeypatch.setattr(http, "Response", close_after)
    with run_server("http", tmp_path) as server:
        with SimulatedNode(model, log.select(range(20)), server.config, 1) as node:
            assert node.wait(LIMIT_S)
            assert node.result() == (20, 0, 0), node.lines
        assert sum("connected" in line for line in node.lines) == 1
        assert not [line for line in node.lines if "again in" in line]
        check_rows(model, log, server)
