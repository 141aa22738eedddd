"""Where the node's files are: in a checkout and in the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from edgewise import paths


def test_node_files_of_the_checkout(repo: Path) -> None:
    files = paths.node_files()
    firmware = repo / "firmware"
    there = {p.relative_to(firmware).as_posix(): p for p in firmware.rglob("*.py")}
    assert files == there


def test_the_wheel_holds_the_node_and_the_simulator(repo: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", tmp_path, repo], check=True, timeout=500)
    (wheel,) = tmp_path.glob("edgewise-*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = "from edgewise import paths; print(*paths.node_files().items(), sep='\\n')"
    code += "; print(paths.simulator_dir())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=500,
    )
    *files, simulator = done.stdout.splitlines()
    assert len(files) == len(paths.node_files())
    assert all(str(site) in line for line in files)
    assert (Path(simulator) / "machine.py").is_file()
    for name, path in paths.node_files().items():
        copy = site / ("edgewise/_node/" + name if "/" not in name else name)
        assert copy.read_bytes() == path.read_bytes()
