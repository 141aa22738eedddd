"""The wheel alone: what is in it, and the commands in an environment of its own, far from here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from tests.counts import WHOLE

from edgewise import paths

INSTALL_S, RUN_S = 600, 600


@pytest.fixture(scope="module")
def wheel(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", folder, repo], check=True, timeout=INSTALL_S)
    (found,) = folder.glob("edgewise-*.whl")
    return found


def test_it_holds_the_files_of_the_node_and_of_the_simulator(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for name, path in paths.node_files().items():
        assert held["edgewise/_node/" + name if "/" not in name else name] == path.read_bytes()
    simulator = paths.simulator_dir()
    for path in simulator.rglob("*.py"):
        name = path.relative_to(simulator).as_posix()
        assert held[f"edgewise/simulator/board/{name}"] == path.read_bytes()


@pytest.mark.long
@pytest.mark.timeout(2 * INSTALL_S)
@pytest.mark.skipif(not WHOLE, reason="installs 440 MB: make test-all")
def test_it_works_without_the_checkout(wheel: Path, repo: Path, tmp_path: Path) -> None:
    env = tmp_path / "env"
    venv.create(env, with_pip=True, symlinks=True)
    pinned = tmp_path / "pinned.txt"  # pip takes no constraints with hashes for a file without
    lock = (repo / "host/requirements.lock").read_text()
    pinned.write_text(re.sub(r" \\\n +--hash=\S+", "", lock))
    words = [env / "bin/python", repo / "host/install.py", "-q", "-c", pinned, wheel]
    subprocess.run(words, check=True, timeout=INSTALL_S)

    here = tmp_path / "a folder"
    here.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def edgewise(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [env / "bin/edgewise", *words],
            cwd=here,
            env=clean,
            capture_output=True,
            text=True,
            timeout=RUN_S,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    lines = ["time,temperature,humidity,status"]
    for minute in range(600):
        is_open = minute // 60 % 2
        t, h = 21 - 4 * is_open + minute % 5 / 10, 45 + 9 * is_open + minute % 3 / 10
        lines.append(f"{60 * minute},{t:.1f},{h:.1f},{('closed', 'open')[is_open]}")
    (here / "log.csv").write_text("\n".join(lines) + "\n")
    (here / "node.toml").write_text('node = "n1"\n[wifi]\nssid = "lab"\n')

    edgewise("train", "log.csv", "--out", "models/mine")
    assert "<style>" in (here / "models/mine/report.html").read_text()
    for runtime in ("cpython", "micropython"):
        edgewise("predict", "models/mine", "log.csv", "--runtime", runtime, "--out", runtime)
    assert (here / "micropython").read_text() == (here / "cpython").read_text()
    edgewise("build", "--model", "models/mine", "--config", "node.toml")
    assert (here / "build/fs.img").stat().st_size > 0
    assert "--image" in edgewise("flash", "--help")
    for verb in ("bench", "dashboard", "forecast"):
        db = () if verb == "bench" else ("--db", "sqlite:///a.db")
        said = edgewise(verb, *db, code=1)
        assert said.startswith(f"error: {verb} is not installed (No module named ")
        assert said.endswith(f": run: pip install 'edgewise[{verb}]'\n")
    edgewise("demo")
    assert (here / "build/demo/timeline.png").read_bytes().startswith(b"\x89PNG")
