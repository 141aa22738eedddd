"""The same test files in the MicroPython unix port; those of `micropython/` only there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edgewise import paths
from edgewise.toolchain import mpycross

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
LIMIT_S = 3600
FILES = [
    str(path.relative_to(ROOT))
    for folder in ("tests/core", "tests/node", "tests/node/micropython")
    for path in sorted((ROOT / folder).glob("test_*.py"))
]


def run_file(command: list[str], file: Path, umqtt: Path, cwd: Path) -> str:
    """What it printed; an interpreter for each file, so that none finds another's rest."""
    search_path = [*paths.simulator_dirs(), *paths.node_dirs(), umqtt]
    result = subprocess.run(
        [*command, str(ROOT / "tests/run_micropython.py"), str(file)],
        env={**os.environ, "MICROPYPATH": ":".join([*map(str, search_path), ".frozen"])},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.timeout(LIMIT_S + 10)
@pytest.mark.parametrize("file", FILES)
def test_file_passes_in_micropython(
    file: str, micropython_command: list[str], umqtt_dir: Path, tmp_path: Path
) -> None:
    stdout = run_file(micropython_command, ROOT / file, umqtt_dir, tmp_path)
    tests = len(re.findall(r"^def test_", (ROOT / file).read_text(), re.MULTILINE))
    assert tests > 0
    assert stdout.splitlines()[-1] == f"{tests} passed"


# What the umqtt.simple frozen into stock images since 1.24 does otherwise where Edgewise calls it.
NEWER = (
    (
        "def connect(self, clean_session=True):\n",
        "def connect(self, clean_session=True, timeout=None):\n"
        "        if self.sock:\n            self.sock.close()\n",
    ),
    (
        "        self.sock = socket.socket()\n",
        "        self.sock = socket.socket()\n        self.sock.settimeout(timeout)\n",
    ),
    (
        "        self.sock.write(pkt)\n        self._send_str(topic)\n        self.sock.write(qos",
        "        self.sock.write(pkt, 2)\n        self.sock.write(pkt[2:], 2)\n"
        "        self._send_str(topic)\n        self.sock.write(qos",
    ),
    ("ssl=False", "ssl=None"),
)


def test_the_seam_holds_for_newer_ones(
    repo: Path, micropython_command: list[str], umqtt_dir: Path, tmp_path: Path
) -> None:
    text = (umqtt_dir / "umqtt/simple.py").read_text()
    for old, new in NEWER:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "newer/umqtt").mkdir(parents=True)
    (tmp_path / "newer/umqtt/simple.py").write_text(text)
    (tmp_path / "tests").mkdir()
    file = Path(shutil.copy(repo / "tests/node/micropython/test_mqtt.py", tmp_path / "tests"))
    run_file(micropython_command, file, tmp_path / "newer", tmp_path)


def test_native_code_is_what_the_unix_port_runs(micropython_command: list[str]) -> None:
    search_path = ":".join([*map(str, paths.node_dirs()), ".frozen"])
    code = "from edgenode.core import walk; print(walk.walker()[0])"
    result = subprocess.run(
        [*micropython_command, "-c", code],
        env={"MICROPYPATH": search_path},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert result.stdout == "viper-table\n"


def test_native_code_for_another_machine_is_passed_over(
    micropython_command: list[str], tmp_path: Path
) -> None:
    core = paths.node_files()["edgenode/core/model.py"].parent
    shutil.copytree(core.parent, tmp_path / "edgenode")
    walker = tmp_path / "edgenode/core/walk_viper.py"
    mpycross.compile(walker, walker.with_suffix(".mpy"), "rv32imc")
    mpycross.compile(walker, tmp_path / "model.mpy", "rv32imc")
    walker.unlink()
    code = (
        "from edgenode.core import walk; from edgenode.drivers import flash;"
        "print(walk.walker()[0], flash.module('model'), flash.module('none'))"
    )
    process = subprocess.run(
        [*micropython_command, "-c", code],
        cwd=tmp_path,
        env={"MICROPYPATH": ".:.frozen"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    warning, result = process.stdout.splitlines()
    assert warning.startswith("edgewise: model.mpy is of no use here (")
    assert result == "python-table None None"
