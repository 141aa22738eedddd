"""`edgewise push` to several real nodes: stages, a failure that stops it, and going on."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from tests.command import edgewise
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.ota.test_push import (  # noqa: F401 - fixtures
    SECRET,
    Offering,
    client,
    long_log,
    node,
    offering,
    other_model,
)
from tests.shared import LIMIT_S, wait_until

from edgewise.logs.log import Log
from edgewise.ota import container, statuses
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(f'[update]\nsecret = "{SECRET}"\n')
    path.chmod(0o600)
    return path


def test_stages_stop_at_a_failure_and_go_on(
    model: Package,
    long_log: Log,  # noqa: F811
    broker: str,
    client: mqtt.Client,  # noqa: F811
    other_model: Package,  # noqa: F811
    config: Path,
) -> None:
    def run(name: str, boot: int = 1, **more: object) -> AbstractContextManager[SimulatedNode]:
        settings = {"update": {"secret": SECRET}, "period_ms": 5000, **more}
        full = node_config(settings, parse_broker(broker), name)
        return SimulatedNode(model, long_log, full, boot, world=FAST)

    def wait_for(**expected: str) -> None:
        wait_until(lambda: statuses(client, "edgewise") == expected)

    words = ("push", "--model", other_model.path, "--node", "all", "--broker", broker)
    words += ("--canary", "1", "--then", "30%", "--config", config, "--timeout", str(LIMIT_S))
    client.publish("edgewise/d/status", "offline", 1, True).wait_for_publish(LIMIT_S)
    with run("a"), run("c"):
        with run("b", actuator={"pin": 5, "on": "open"}):
            wait_for(a="online", b="online", c="online", d="offline")
            stopped = edgewise(*words, "--json")
        wait_for(a="online", b="offline", c="online", d="offline")
        waiting = edgewise(*words)
        client.publish("edgewise/d/status", b"", 1, True).wait_for_publish(LIMIT_S)
        with run("b", boot=2):
            wait_for(a="online", b="online", c="online")
            done = edgewise(*words, "--json")
    lines = stopped.stderr.splitlines()
    assert lines[0] == f"{len(container(other_model))} bytes for 4 nodes: a, b, c, d"
    assert lines[1] == "d: left for later: the broker reports it offline"
    assert lines[2:4] == ["stage 1 of 4: a", "a: sent, on trial for a minute"]
    assert lines[4].startswith("a: confirmed (sent in ")
    assert lines[5:] == [
        "stage 2 of 4: b",
        "b: sent, on trial for a minute",
        "b: rejected: no class of it is open, which actuator.on names",
        "run the new model: a",
        "do not: 3 nodes: b, c, d",
        "error: stopped, rejected by b (no class of it is open, which actuator.on names): correct "
        "the cause and run the same command again, which goes on with the rest; edgewise model "
        "rollback takes the model back from a node",
    ]
    nodes = json.loads(stopped.stdout)["nodes"]
    states = {name: entry["state"] for name, entry in nodes.items()}
    assert states == {"a": "confirmed", "b": "failed", "c": "waiting", "d": "offline"}
    assert [entry["ok"] for entry in nodes.values()] == [True, False, False, False]
    assert stopped.returncode == 1
    assert "a: runs it already: skipped" in waiting.stderr
    assert "stage 2 of 4: c" in waiting.stderr
    assert "error: not reached: b, d: run the same command again later" in waiting.stderr
    assert (waiting.returncode, waiting.stdout) == (1, "")
    assert done.returncode == 0, done.stderr
    states = {n: entry["state"] for n, entry in json.loads(done.stdout)["nodes"].items()}
    assert states == {"a": "runs it already", "b": "confirmed", "c": "runs it already"}


def test_a_push_during_the_trial_waits_for_its_end(
    node: SimulatedNode,  # noqa: F811
    operator: Operator,
    broker: str,
    offering: Offering,  # noqa: F811
    other_model: Package,  # noqa: F811
    config: Path,
) -> None:
    assert offering.deliver("a", container(other_model), 5)["want"] is None
    while not offering.hear("a").get("trial"):
        pass
    words = ("push", "--model", other_model.path, "--node", NODE, "--config", config)
    result = edgewise(*words, "--broker", broker)
    assert (result.returncode, result.stderr.splitlines()[-1]) == (
        0,
        f"{NODE}: runs it already: skipped",
    )
    status = operator.order("model")["value"]
    assert (status["crc"], status["state"]) == (other_model.blob[-4:].hex(), "idle")


def test_what_cannot_be_a_stage(broker: str, other_model: Package, config: Path) -> None:  # noqa: F811
    words = ("push", "--model", other_model.path, "--node", "all", "--config", config)
    result = edgewise(*words, "--broker", broker, "--then", "0%")
    assert (result.returncode, result.stdout) == (2, "")
    assert "error: --then '0%': give a share of the other nodes from 1% to 100%" in result.stderr
    result = edgewise(*words, "--broker", broker, "--canary", "0")
    assert result.returncode == 2
    result = edgewise(*words, "--broker", broker, "--base", "elsewhere")
    assert result.returncode == 1
    assert "no node is known below elsewhere: check --broker and --base" in result.stderr
