"""The real node with mosquitto on the folder of `edgewise broker init`: in with the right papers,
refused and named with any other."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.broker.mosquitto import Mosquitto, free_port
from tests.broker.secured import open_folder, password, run_secured
from tests.e2e.test_spine import rows
from tests.shared import LIMIT_S, wait_until

from edgewise.broker.setup import init
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import BrokerUrl


@pytest.fixture(scope="module")
def tls_broker() -> Iterator[Mosquitto]:
    with run_secured("n1") as broker:
        yield broker


def node_settings(tls_broker: Mosquitto) -> dict[str, Any]:
    values = tomllib.loads((tls_broker.folder / "nodes/n1.toml").read_text())
    broker_url = BrokerUrl("localhost", tls_broker.port, tls=True)
    return node_config(values, broker_url, "n1")


def run_until(model: Package, log: Log, config: dict[str, Any], ca: Path, text: str) -> list[str]:
    """What a node says until ``text`` is among it."""
    with SimulatedNode(model, log, config, 1, files={"ca.der": ca.read_bytes()}) as node:
        wait_until(
            lambda: any(text in line for line in node.lines) or node.wait(0), lambda: node.lines
        )
        return list(node.lines)


def test_every_reading_arrives(
    model: Package, log: Log, tls_broker: Mosquitto, tmp_path: Path
) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    secret = password(tls_broker.folder, "operator")
    broker_url = BrokerUrl(
        "localhost", tls_broker.port, "operator", secret, True, tls_broker.folder / "ca.pem"
    )
    collector = Collector(broker_url, Writer(engine))
    collector.start()
    log_part = log.select(range(100))
    files = {"ca.der": (tls_broker.folder / "nodes/ca.der").read_bytes()}
    with SimulatedNode(model, log_part, node_settings(tls_broker), 1, files=files) as node:
        assert node.wait(LIMIT_S)
        assert node.result() == (100, 0, 0)
    assert collector.wait_for(lambda c: c.readings >= 100, LIMIT_S)
    collector.stop()
    assert [r.seq for r in rows(engine, "n1")] == list(range(1, 101))


def test_another_ca(model: Package, log: Log, tls_broker: Mosquitto) -> None:
    with open_folder() as parent:
        init(parent / "other", ["localhost"], ["n1"], 8883)
        ca = parent / "other/nodes/ca.der"
        run_until(
            model, log, node_settings(tls_broker), ca, "not correctly signed by the trusted CA"
        )


def test_a_clock_that_is_not_set(model: Package, log: Log, tls_broker: Mosquitto) -> None:
    log_of_1970 = replace(log, time_s=log.time_s - log.time_s[0])  # the node's clock says 1970
    ca = tls_broker.folder / "nodes/ca.der"
    lines = run_until(
        model,
        log_of_1970,
        node_settings(tls_broker),
        ca,
        "tls: refused while the clock is not set",
    )
    assert not any("mqtt: connected" in line for line in lines)


def test_another_host_name(model: Package, log: Log, tls_broker: Mosquitto) -> None:
    config = node_settings(tls_broker)
    config["mqtt"]["server_name"] = "broker.example"
    ca = tls_broker.folder / "nodes/ca.der"
    run_until(model, log, config, ca, "does not match with the expected CN")


def test_an_expired_certificate(model: Package, log: Log) -> None:
    with run_secured("n1", now=datetime(2020, 1, 1, tzinfo=UTC)) as broker:
        ca = broker.folder / "nodes/ca.der"
        run_until(model, log, node_settings(broker), ca, "validity has expired")


def test_a_wrong_password(model: Package, log: Log, tls_broker: Mosquitto) -> None:
    config = node_settings(tls_broker)
    config["mqtt"]["password"] = "wrong"
    lines = run_until(model, log, config, tls_broker.folder / "nodes/ca.der", "; again in")
    assert any("not authorised" in line or "bad user name" in line for line in lines)


def test_a_broker_without_tls(model: Package, log: Log, tls_broker: Mosquitto) -> None:
    from tests.broker.mosquitto import anonymous

    with open_folder() as parent, anonymous(parent) as plain_broker:
        config = node_settings(tls_broker)
        config["mqtt"]["port"] = plain_broker.port
        lines = run_until(model, log, config, tls_broker.folder / "nodes/ca.der", "; again in")
        assert not any("mqtt: connected" in line for line in lines)


@pytest.mark.parametrize(
    ("ca_file", "text"),
    [("none", "ca.der cannot be read"), ("text", "ca.der: invalid cert: put it there in DER")],
)
def test_without_a_ca_it_does_not_start(
    model: Package, log: Log, tls_broker: Mosquitto, ca_file: str, text: str
) -> None:
    files = {} if ca_file == "none" else {"ca.der": b"nonsense"}
    with SimulatedNode(model, log, node_settings(tls_broker), 1, files=files) as node:
        assert node.wait(LIMIT_S)
        assert any(text in line for line in node.lines)
        assert not any("mqtt: connected" in line for line in node.lines)


def test_a_client_certificate(model: Package, log: Log) -> None:
    with open_folder() as parent:
        port = free_port()
        init(parent / "b", ["localhost"], ["n1"], port, certificates=True)
        with Mosquitto(parent / "b", port) as broker:
            config = node_settings(broker)
            names = ("ca", "cert", "key")
            files = {
                config["mqtt"][n]: next(broker.folder.rglob(config["mqtt"][n])).read_bytes()
                for n in names
            }
            log_part = log.select(range(20))
            with SimulatedNode(model, log_part, config, 1, files=files) as node:
                assert node.wait(LIMIT_S)
                assert node.result() == (20, 0, 0)
