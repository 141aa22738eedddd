"""The node as it lies on a board: short names, .mpy files, and a heap as small as a board's."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path

import pytest
from tests.e2e import test_control, test_sleep, test_spine
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.shared import LIMIT_S

from edgewise import paths
from edgewise.board.filesystem import Arch, node_code
from edgewise.database import open_db
from edgewise.logs.log import Log
from edgewise.package.store import Package, load_package
from edgewise.simulator import node as simulator
from edgewise.simulator.feed import encode
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

WORDS = 2  # of the unix port are twice as wide as those of an ESP32
# The heap of a stock image for the ESP32 before it grows into what Wi-Fi and TLS need; w: in
# words of 32 bits.
HEAP = "110wk"
TAKEN_BYTES = 72 * 1024
MPY_BYTES = 62_000

on_mosquitto = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


def write_code(folder: Path, sleep: bool) -> Path:
    for name, data in node_code(Arch.x64, sleep).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def code_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_code(tmp_path_factory.mktemp("small"), sleep=False)


@pytest.fixture(autouse=True)
def small_nodes(code_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "node_dirs", lambda: [code_folder])
    monkeypatch.setattr(simulator, "_HEAP", HEAP)


@on_mosquitto
def test_every_reading_arrives(model: Package, log: Log, broker: str, tmp_path: Path) -> None:
    test_spine.test_every_reading_arrives_with_the_class_that_the_host_computes(
        model, log, broker, open_db(f"sqlite:///{tmp_path / 'a.db'}")
    )


@on_mosquitto
def test_asleep(
    model: Package, log: Log, broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = write_code(tmp_path / "node", sleep=True)
    monkeypatch.setattr(paths, "node_dirs", lambda: [node])
    test_sleep.test_every_reading_of_a_sleeping_node_arrives(model, log, broker, tmp_path)


@on_mosquitto
def test_commands(model: Package, log: Log, broker: str, operator: Operator) -> None:
    config = node_config({"wifi": {"password": "hidden"}}, parse_broker(broker), NODE)
    with SimulatedNode(model, log, config, 1, world=FAST) as node:
        operator.hear("event", event="reset")
        test_control.test_questions(node, operator)
        assert operator.order("period", 4000)["ok"] is True
        assert operator.order("config", {"mqtt": {"port": 0}})["ok"] is False


def test_it_fits(
    repo: Path, code_folder: Path, micropython_command: list[str], umqtt_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(load_package(repo / "models/occupancy").blob)
    config = {"mqtt": {"host": "127.0.0.1", "port": 9}, "ntp": {"host": ""}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    row = struct.pack("<IHB5s", 1_700_000_000, 1, 0, encode(210, 400))
    (tmp_path / "feed.bin").write_bytes(10 * row)
    search_path = [".", paths.simulator_dir(), code_folder, umqtt_dir]
    result = subprocess.run(
        [*micropython_command, "-X", f"heapsize={HEAP}", str(repo / "tests/soak/memory_node.py")],
        cwd=tmp_path,
        env={"MICROPYPATH": ":".join([*map(str, search_path), ".frozen"])},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    memory = json.loads(result.stdout.splitlines()[-1])
    assert not memory["safe"]
    assert memory["waiting"] >= 300
    print(f"{memory['bytes'] / WORDS:.0f} bytes in words of 32 bits")
    assert memory["bytes"] < WORDS * TAKEN_BYTES
    assert sum(path.stat().st_size for path in code_folder.rglob("*.mpy")) < MPY_BYTES
