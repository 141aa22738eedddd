"""What a person labels while a node says its readings over MQTT becomes that person's model."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.e2e.operator_of import NODE
from tests.shared import LIMIT_S, small_log

from edgewise.logs.log import read_log
from edgewise.package.store import Package, load_package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import Playback, SimulatedNode
from edgewise.urls import parse_broker

EDGEWISE = [sys.executable, "-m", "edgewise.cli.main"]
READINGS = 380


@contextmanager
def person(record: subprocess.Popen[str], keys: int) -> Iterator[None]:
    """Sees each reading and presses 1 when it is warm, 2 when it is cold."""

    def watch() -> None:
        now = ""
        for line in record.stderr or ():
            if line.startswith("space pauses"):
                ready.set()
            if found := re.search(r" (-?[\d.]+) C ", line):
                key = "2" if float(found[1]) < 18 else "1"
                if key != now:
                    os.write(keys, key.encode())
                now = key

    ready = threading.Event()
    eyes = threading.Thread(target=watch)
    eyes.start()
    try:
        assert ready.wait(LIMIT_S)
        yield
    finally:
        record.terminate()
        eyes.join()


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_recorded_over_mqtt_and_trained(model: Package, broker: str, tmp_path: Path) -> None:
    played = read_log(small_log(tmp_path / "played.csv", 400))
    out = tmp_path / "mine.csv"
    keys, there = os.openpty()
    words = ["record", "--broker", broker, "--node", NODE, "--label", "warm,cold"]
    words += ["--out", str(out), "--readings", str(READINGS)]
    with subprocess.Popen(
        [*EDGEWISE, *words], stdin=there, stderr=subprocess.PIPE, text=True
    ) as record:
        config = node_config({}, parse_broker(broker), NODE)
        with person(record, keys), SimulatedNode(model, played, config, 1, Playback(speed=600)):
            assert record.wait(LIMIT_S) == 0
    for end in (keys, there):
        os.close(end)
    recorded = read_log(out)
    assert len(recorded) == READINGS
    cold = recorded.t_dc < 180
    assert ((recorded.label == "cold") == cold).mean() > 0.9

    done = edgewise("train", out, "--out", tmp_path / "mine", "--max-nodes", "30")
    assert done.returncode == 0, done.stderr
    mine = load_package(tmp_path / "mine")
    assert sorted(mine.classes) == ["cold", "warm"]
