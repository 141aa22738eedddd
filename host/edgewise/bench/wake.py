"""Measure the imports of a start, a wake from deep sleep and a read of the flash."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from edgewise.bench.places import Place
from edgewise.bench.start import reads_of_starts
from edgewise.board.filesystem import Arch, model_files
from edgewise.board.filesystem.image import image
from edgewise.toolchain import mpycross

__all__ = ["measure_starts_on"]

_ROUNDS = 3
_NO_COMPILER = "no compiler for this machine"
_SCRIPTS = ("bench_wake", "bench_flash")
# start -> the node sleeps between readings
_STARTS = {"power": False, "wake": True}


def measure_starts_on(place: Place, blob: bytes, inline: str | None) -> dict[str, Any]:
    """Return the times of the starts of a node, which runs in a folder of its own.

    ``blob``: model.bin; ``inline``: model.py, None for a model that is walked as a table.

    "power": from reset to the first reading of a node that stays awake; "wake": a wake of one that
    sleeps, without boot and sensor, the radio off. Both have ``imports_s``, a wake also ``s``, of
    all. On a board they have ``reads`` and ``bytes`` of the flash, ``imports_reads`` and
    ``imports_bytes``, and without the time of these ``load_s``, of the imports, and ``decide_s``,
    of the rest of a wake. "flash": ``read_us`` and ``byte_us``, microseconds of a read and of each
    of its bytes. "flashed": ``s`` of a wake of a node that was flashed, whose ``reads`` and
    ``bytes`` are counted as bench.start does. What cannot be measured has ``absent``, the reason.
    OutsideError when the place stops answering.
    """
    place.put(_scripts())
    machine = place.machine()
    if machine is None:
        return {name: {"absent": _NO_COMPILER} for name in (*_STARTS, "flash")}
    found: dict[str, Any] = {}
    for start, sleeps in _STARTS.items():
        files = _files(blob, inline, sleeps, Arch(machine))
        place.put({f"{start}/{name}": data for name, data in files.items()})
        code = f"import bench_wake; bench_wake.run({start!r}, {sleeps}, {_ROUNDS})"
        found[start] = json.loads(place.run(code))
    flash = json.loads(place.run("import bench_flash; bench_flash.run()"))
    _split(found, flash)
    found["power"].pop("s", None)  # with its waits it is no figure of the board
    found["flash"] = flash
    if "load_s" in found["wake"]:
        found["flashed"] = _count_flashed(
            _files(blob, inline, True, Arch.x64), found["wake"], flash
        )
    return found


def _files(blob: bytes, inline: str | None, sleeps: bool, arch: Arch) -> dict[str, bytes]:
    settings = {"node": "bench", "sleep": sleeps, "mqtt": {"host": "pi.local"}}
    return model_files(blob, inline, settings, arch)


def _split(found: dict[str, Any], flash: dict[str, Any]) -> None:
    # Takes the time of the reads out of imports and rest.
    if "absent" in flash:
        return
    for start in found.values():
        if "reads" not in start:
            continue
        imports_s = _reads_s(start["imports_reads"], start["imports_bytes"], flash)
        reads_s = _reads_s(start["reads"], start["bytes"], flash)
        start["load_s"] = start["imports_s"] - imports_s
        start["decide_s"] = start["s"] - start["imports_s"] - (reads_s - imports_s)
    found["power"].pop("decide_s", None)


def _reads_s(reads: int, size: int, flash: dict[str, float]) -> float:
    return (reads * flash["read_us"] + size * flash["byte_us"]) / 1e6


def _count_flashed(
    files: dict[str, bytes], wake: dict[str, float], flash: dict[str, float]
) -> dict[str, float]:
    data = image(files)
    if data is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="edgewise-start-") as folder:
        path = Path(folder) / "fs.img"
        path.write_bytes(data)
        counted = reads_of_starts(path, wakes=True)["wake"]
    reads_s = _reads_s(counted.reads, counted.bytes, flash)
    return {
        "reads": counted.reads,
        "bytes": counted.bytes,
        "s": reads_s + wake["load_s"] + wake["decide_s"],
    }


def _scripts() -> dict[str, bytes]:
    # A board has no room to compile them.
    files = {}
    with tempfile.TemporaryDirectory(prefix="edgewise-mpy-") as folder:
        for name in _SCRIPTS:
            out = Path(folder) / f"{name}.mpy"
            mpycross.compile(Path(__file__).parent / "node" / f"{name}.py", out, small=True)
            files[out.name] = out.read_bytes()
    return files
