"""What a start of a node reads from its flash, counted in MicroPython's unix port."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewise import paths, settings
from edgewise.board.filesystem import Arch, build
from edgewise.board.filesystem.image import image
from edgewise.errors import OutsideError
from edgewise.simulator.feed import encode, pack_row
from edgewise.toolchain import micropython, mpycross, umqtt

__all__ = ["Reads", "measure_starts", "reads_of_starts"]

_TIMEOUT_S = 120
_PERIOD_MS = 60_000
_SCRIPT = Path(__file__).parent / "node" / "bench_start.py"
# found by name, the other files are compiled
_MAIN = "main.py"


@dataclass(frozen=True)
class Reads:
    """Calls of the block device that read, and their bytes together."""

    reads: int
    bytes: int


def measure_starts(model: Path) -> dict[str, dict[str, Reads]]:
    """Count the starts of a node with ``model``, a package.

    Returns by layout ("joined": as edgewise build writes it; "by module": each module in a file of
    its own) the reads of "power", from reset to the first reading, and of "wake", from a wake to
    deep sleep with the radio off.
    """
    figures: dict[str, dict[str, Reads]] = {}
    with tempfile.TemporaryDirectory(prefix="edgewise-start-") as name:
        for sleep, start in ((False, "power"), (True, "wake")):
            folder = Path(name) / start
            folder.mkdir()
            values = {"node": "bench", "sleep": sleep, "mqtt": {"host": "pi.local"}}
            config = settings.write(folder / "node.toml", values)[0]
            joined = build(model, config, folder / "build", Arch.x64)
            by_module = folder / "by_module.img"
            by_module.write_bytes(_by_module(joined.fs))
            for layout, path in (("by module", by_module), ("joined", joined.image)):
                found = reads_of_starts(path, wakes=sleep)[start]
                figures.setdefault(layout, {})[start] = found
    return figures


def reads_of_starts(image: Path, wakes: bool, n: int = 1) -> dict[str, Reads]:
    """Count the reads of the ``n``-th "power" and, if the node ``wakes`` from sleep, of "wake".

    ``image``: a file system for x64, as edgewise build writes it. OutsideError when it fails.
    """
    starts = n * ["power-asleep"] + ["wake"] if wakes else n * ["power"]
    with tempfile.TemporaryDirectory(prefix="edgewise-start-") as name:
        folder = Path(name)
        (folder / "feed.bin").write_bytes(10 * pack_row(1_700_000_000, encode(210, 400)))
        frozen = folder / "frozen"
        for modules in paths.simulator_dirs():
            shutil.copytree(modules, frozen, dirs_exist_ok=True)
        shutil.copytree(umqtt.fetch() / "umqtt", frozen / "umqtt")
        command = [*micropython.command(), "-X", "heapsize=16m", str(_SCRIPT)]
        command += [str(image.resolve()), str(frozen), "feed.bin", str(_PERIOD_MS), *starts]
        environment = {
            **os.environ,
            "MICROPYPATH": ":".join([*map(str, paths.simulator_dirs()), ".frozen"]),
            "EDGEWISE_SIM_RATE": "1000",
        }
        output = _run(command, folder, environment)
    figures = json.loads(output.splitlines()[-1])
    return {
        start.partition("-")[0]: Reads(**found)
        for start, found in zip(starts, figures, strict=True)
    }


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    try:
        result: subprocess.CompletedProcess[str] = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"{command[0]} failed ({e}): run edgewise doctor") from e
    if result.returncode or not result.stdout:
        text = result.stderr.strip() or result.stdout.strip() or "it said nothing"
        raise OutsideError(f"{text.splitlines()[-1]}: run edgewise doctor")
    return result.stdout


def _by_module(fs: Path) -> bytes:
    """Return the image of a build whose node is in a file for each module."""
    files = {
        path.name: path.read_bytes()
        for pattern in ("*.json", "*.bin", "model.mpy")
        for path in fs.glob(pattern)
    }
    for name, path in paths.node_files().items():
        text = path.read_text(encoding="utf-8")
        if name == _MAIN:
            files[name] = text.encode()
        else:
            files[name.removesuffix(".py") + ".mpy"] = _compile(path.name, text)
    data = image(files)
    if data is None:
        raise OutsideError("the modules do not fit into the flash of a board")
    return data


def _compile(name: str, text: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="edgewise-start-") as folder:
        source = Path(folder) / name
        source.write_text(text, encoding="utf-8")
        out = source.with_suffix(".mpy")
        mpycross.compile(source, out, Arch.x64, small=True)
        return out.read_bytes()
