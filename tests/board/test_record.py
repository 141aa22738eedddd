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

from edgewise.board.serial.log_file import GrowingLog
from edgewise.board.serial.recorder import Recorder
from edgewise.board.serial.sources import Heard
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
        pressed_key = ""
        for line in record.stderr or ():
            if line.startswith("space pauses"):
                ready.set()
            if match := re.search(r" (-?[\d.]+) C ", line):
                key = "2" if float(match[1]) < 18 else "1"
                if key != pressed_key:
                    os.write(keys, key.encode())
                pressed_key = key

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
    source_log = read_log(small_log(tmp_path / "played.csv", 400))
    out = tmp_path / "mine.csv"
    keys, terminal = os.openpty()
    arguments = ["record", "--broker", broker, "--node", NODE, "--label", "warm,cold"]
    arguments += ["--out", str(out), "--readings", str(READINGS)]
    with subprocess.Popen(
        [*EDGEWISE, *arguments], stdin=terminal, stderr=subprocess.PIPE, text=True
    ) as record:
        config = node_config({}, parse_broker(broker), NODE)
        with (
            person(record, keys),
            SimulatedNode(model, source_log, config, 1, Playback(speed=600)),
        ):
            assert record.wait(LIMIT_S) == 0
    for end in (keys, terminal):
        os.close(end)
    recorded_log = read_log(out)
    assert len(recorded_log) == READINGS
    cold = recorded_log.t_dc < 180
    assert ((recorded_log.label == "cold") == cold).mean() > 0.9

    result = edgewise("train", out, "--out", tmp_path / "mine", "--max-nodes", "30")
    assert result.returncode == 0, result.stderr
    package = load_package(tmp_path / "mine")
    assert sorted(package.classes) == ["cold", "warm"]


def test_a_label_is_seen_or_chosen(tmp_path: Path) -> None:
    with GrowingLog(tmp_path / "log.csv", "status") as log:
        recorder = Recorder(log, ["occupied", "empty"], 30, has_camera=True)
        seconds = iter(range(1_700_000_000, 1_700_001_000, 60))

        def take() -> None:
            assert recorder.take(Heard(next(seconds), "n", 21.0, 40.0))

        take()
        assert recorder.see("") is None
        assert recorder.see("occupied") == "camera: occupied"
        take()
        assert recorder.key("2") == "now empty, c: back to the camera"
        assert recorder.see("") is None
        take()
        assert recorder.key("c") == "now what the camera sees"
        take()
        assert recorder.see("empty") == "camera: empty"
        assert recorder.see("") == "camera: not sure, no label"
        take()
        assert recorder.key("u") == "1 readings of the last 30 s taken back"
        assert recorder.summary() == "occupied 1, empty 1, 2 without a label"
        assert recorder.written == 4
    labels = read_log(tmp_path / "log.csv").label
    assert labels is not None and labels.tolist() == [None, "occupied", "empty", None]


def test_without_a_camera_there_is_no_key_for_it(tmp_path: Path) -> None:
    with GrowingLog(tmp_path / "log.csv", "status") as log:
        recorder = Recorder(log, ["a", "b"], 30)
        assert recorder.key("c") is None and recorder.see("b") is None
        assert (recorder.label, recorder.key("2")) == ("a", "now b")
