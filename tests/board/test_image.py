"""A build on a board's flash: MicroPython mounts the image and starts the node from it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.shared import LIMIT_S

from edgewise import paths, settings
from edgewise.board.filesystem import Built, build, node_code
from edgewise.broker.embedded import EmbeddedBroker
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.feed import write_feed
from edgewise.urls import parse_broker

READINGS = 5


def run_from_image(
    command: list[str], repo: Path, folder: Path, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    places = [*paths.simulator_dirs(), repo / "tests/node/micropython", ".", "/f", "/f/lib"]
    script = repo / "tests/node/micropython/from_image.py"
    return subprocess.run(
        [*command, "-X", "heapsize=8m", script, *arguments],
        cwd=folder,
        env={**os.environ, "MICROPYPATH": ":".join([*map(str, places), ".frozen"])},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    values: dict[str, Any] = {
        "node": "kitchen",
        "mqtt": {"host": "pi.local", "port": 9, "password": "pässword"},
        "ntp": {"host": ""},
    }
    return settings.write(tmp_path / "node.toml", values)[0]


def build_node(model: Package, config: Path, arch: str = "x64") -> Built:
    return build(model.path, config, config.parent / "build", arch)


def contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.mark.parametrize("arch", ["xtensawin", "rv32imc"])
def test_micropython_finds_every_file_in_the_image(
    arch: str,
    model: Package,
    config: Path,
    repo: Path,
    micropython_command: list[str],
    tmp_path: Path,
) -> None:
    output = build_node(model, config, arch)
    result = run_from_image(micropython_command, repo, tmp_path, output.image)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["files"] == {n: f["sha256"] for n, f in output.manifest["files"].items()}
    assert (report["block"], report["blocks"], report["name_max"]) == (4096, 512, 255)
    names = set(contents(output.fs))
    assert names == set(report["files"])
    assert {"main.py", "config.json", "model.bin", "model.mpy"} < names
    assert "lib/umqtt/simple.mpy" in names
    assert json.loads((output.fs / "config.json").read_bytes()) == settings.load(config)


def test_the_node_runs_from_the_image(
    model: Package,
    log: Log,
    config: Path,
    repo: Path,
    micropython_command: list[str],
    tmp_path: Path,
) -> None:
    feed = tmp_path / "feed.bin"
    write_feed(log.select(range(READINGS)), feed, model.period_ms, 0)
    with EmbeddedBroker() as broker:
        broker_url = parse_broker(broker.url)
        text = config.read_text().replace("port = 9", f"port = {broker_url.port}")
        config.write_text(text.replace("pi.local", "127.0.0.1"))  # x64 is no board
        output = build_node(model, config)
        arguments = (output.image, feed, "0", str(model.period_ms))
        result = run_from_image(micropython_command, repo, tmp_path, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    readings = [json.loads(line[6:]) for line in lines if line.startswith("state ")]
    hello = f"edgewise: node kitchen, boot {readings[0]['boot']}, model window, viper-inline"
    assert hello in lines
    assert [s["seq"] for s in readings] == list(range(1, READINGS + 1))
    assert readings[0]["t"] == log.t_dc[0] / 10
    assert readings[0]["cls"] in model.classes
    assert f"mqtt: {READINGS} delivered, 0 dropped, 0 waiting" in result.stdout


def test_the_same_input_gives_the_same_bytes(model: Package, config: Path, tmp_path: Path) -> None:
    first_build = build_node(model, config)
    os.utime(config, (0, 0))
    node_code.cache_clear()
    second_build = build(model.path, config, tmp_path / "other", "x64")
    assert contents(tmp_path / "other") == contents(tmp_path / "build")
    assert second_build.manifest == first_build.manifest


def test_secrets_in_a_build_are_for_its_owner_alone(model: Package, config: Path) -> None:
    output = build_node(model, config)
    for path, mode in ((output.fs, 0o700), (output.image, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
