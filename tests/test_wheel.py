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
    (path,) = folder.glob("edgewise-*.whl")
    return path


def test_it_holds_the_files_of_the_node_and_of_the_simulator(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, path in paths.node_files().items():
        assert files["edgewise/_node/" + name if "/" not in name else name] == path.read_bytes()
    package = paths.simulator_dir().parents[1]
    for folder in {*paths.simulator_dirs(), *paths.linux_dirs()}:
        for path in folder.glob("*.py"):
            name = path.relative_to(package).as_posix()
            assert files[f"edgewise/{name}"] == path.read_bytes()
    for name in ("first-week", "occupancy"):
        model = paths.default_model().parent / name / "model.json"
        assert files[f"edgewise/_models/{name}/model.json"] == model.read_bytes()


@pytest.mark.long
@pytest.mark.timeout(2 * INSTALL_S)
@pytest.mark.skipif(not WHOLE, reason="installs 440 MB: make test-all")
def test_it_works_without_the_checkout(wheel: Path, repo: Path, tmp_path: Path) -> None:
    env = tmp_path / "env"
    venv.create(env, with_pip=True, symlinks=True)
    constraints = (
        tmp_path / "pinned.txt"
    )  # pip takes no constraints with hashes for a file without
    lock = (repo / "host/requirements.lock").read_text()
    constraints.write_text(re.sub(r" \\\n +--hash=\S+", "", lock))
    arguments = [env / "bin/python", repo / "host/install.py", "-q", "-c", constraints, wheel]
    subprocess.run(arguments, check=True, timeout=INSTALL_S)

    folder = tmp_path / "a folder"
    folder.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }

    def edgewise(*arguments: str, code: int = 0) -> str:
        result = subprocess.run(
            [env / "bin/edgewise", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=RUN_S,
        )
        assert result.returncode == code, result.stderr
        return result.stdout + result.stderr

    lines = ["time,temperature,humidity,status"]
    for minute in range(600):
        is_open = minute // 60 % 2
        t, h = 21 - 4 * is_open + minute % 5 / 10, 45 + 9 * is_open + minute % 3 / 10
        lines.append(f"{60 * minute},{t:.1f},{h:.1f},{('closed', 'open')[is_open]}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    (folder / "node.toml").write_text('node = "n1"\n[wifi]\nssid = "lab"\n')

    edgewise("train", "log.csv", "--out", "models/mine")
    assert "<style>" in (folder / "models/mine/report.html").read_text()
    for runtime in ("cpython", "micropython"):
        edgewise("predict", "models/mine", "log.csv", "--runtime", runtime, "--out", runtime)
    assert (folder / "micropython").read_text() == (folder / "cpython").read_text()
    edgewise("build", "--model", "models/mine", "--config", "node.toml")
    assert (folder / "build/fs.img").stat().st_size > 0
    assert "--image" in edgewise("flash", "--help")
    for verb in ("bench", "dashboard", "forecast"):
        db = () if verb == "bench" else ("--db", "sqlite:///a.db")
        output = edgewise(verb, *db, code=1)
        assert output.startswith(f"error: {verb} is not installed (No module named ")
        assert output.endswith(f": run: pip install 'edgewise[{verb}]'\n")
    edgewise("demo")
    assert (folder / "build/demo/timeline.png").read_bytes().startswith(b"\x89PNG")
