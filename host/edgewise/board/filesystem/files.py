"""Every file of the board's file system."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from edgenode.core import outputcheck
from edgewise import paths, settings
from edgewise.board.filesystem.bundles import MAIN, bundles, join_node
from edgewise.board.filesystem.compact import Compact
from edgewise.board.filesystem.listing import LIST, listing
from edgewise.errors import InputError
from edgewise.package.store import Package
from edgewise.toolchain import mpycross, umqtt

__all__ = [
    "Arch",
    "board_files",
    "check_model",
    "compile_node",
    "compiler_of",
    "joined_node",
    "model_files",
    "node_code",
    "node_sources",
]

# MicroPython would run it before main.py. Without it each start reads a tenth less of the flash,
# and a board without configuration stays open to mpremote.
_BOOT = "boot.py"
# A stock image imports its frozen copy, which takes no RAM; an image without one imports this.
_UMQTT = "lib/umqtt/simple.mpy"


class Arch(StrEnum):
    """Machine of native code: ESP32, S2, S3; C3, C6; the unix port on a PC."""

    xtensawin = "xtensawin"
    rv32imc = "rv32imc"
    x64 = "x64"


def board_files(
    package: Package, node_settings: Mapping[str, Any], path: Path, arch: Arch
) -> dict[str, bytes]:
    """Return the contents of each file by its path on the board, sorted.

    ``node_settings``: checked settings from the file ``path``. InputError, or OutsideError for a
    missing tool.
    """
    check_model(package, node_settings, path)
    files = model_files(package.blob, package.code, node_settings, arch)
    for name, data in settings.tls_files(node_settings, path).items():
        if name in files or name == _BOOT:
            raise InputError(f"{path}: {name} is a file of the node: rename the one for TLS")
        files[name] = data
    files[LIST] = listing(files)
    return dict(sorted(files.items()))


def model_files(
    blob: bytes, code: str | None, node_settings: Mapping[str, Any], arch: Arch
) -> dict[str, bytes]:
    """Return what every node has, by its path on the board.

    ``blob``: model.bin; ``code``: model.py, None for a model that is walked as a table.
    """
    files = {"config.json": settings.config_json(node_settings), "model.bin": blob}
    full = settings.complete(node_settings)
    sleep, uplink = full["sleep"], full["uplink"]
    files |= node_code(arch, sleep, uplink, settings.uses_tls(full))
    if uplink == "mqtt":
        files[_UMQTT] = _compile(umqtt.fetch() / "umqtt" / "simple.py", arch)
    if code is not None and not sleep:  # which never loads it: see core/model.py
        files["model.mpy"] = _compile_text(code, arch)
    return files


@cache
def node_code(
    arch: Arch, sleep: bool, uplink: str = "mqtt", tls: bool = False
) -> Mapping[str, bytes]:
    """Return the node's own files, compiled once in a process.

    ``sleep``: whether the node sleeps; ``uplink``: as in its settings; ``tls``: whether it has
    TLS.
    """
    return compile_node(joined_node(sleep, uplink, tls), arch)


def joined_node(sleep: bool, uplink: str = "mqtt", tls: bool = False) -> Mapping[str, Compact]:
    """Return the node's own modules, joined once in a process."""
    return _joined_node(sleep, uplink, tls)


@cache
def _joined_node(sleep: bool, uplink: str, tls: bool) -> Mapping[str, Compact]:
    return join_node(node_sources(), sleep, uplink, tls)


def node_sources() -> dict[str, str]:
    """Return the source of each of the node's files by its path."""
    return {name: path.read_text(encoding="utf-8") for name, path in paths.node_files().items()}


def compiler_of(arch: Arch) -> str:
    """Return what compiles the node for ``arch``, with its version."""
    return f"{arch}, {mpycross.version()}"


def compile_node(joined: Mapping[str, Compact], arch: Arch) -> dict[str, bytes]:
    """Compile joined modules to the files of a board; main.py stays a source."""
    files = {}
    with tempfile.TemporaryDirectory(prefix="edgewise-build-") as folder:
        for bundle in bundles(joined, compiler_of(arch)):
            if bundle.name == MAIN:
                files[f"{bundle.name}.py"] = _strip(bundle.text).encode()
                continue
            path = Path(folder) / f"{bundle.name}.py"
            path.write_text(bundle.text, encoding="utf-8")
            files[f"{bundle.folder}{bundle.name}.mpy"] = _compile(path, arch)
    return files


def _strip(source: str) -> str:
    """Return it without comments and docstring: LittleFS reads up to 128 bytes with the name."""
    tree = ast.parse(source)
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    return ast.unparse(tree) + "\n"


def _compile_text(code: str, arch: Arch) -> bytes:
    with tempfile.TemporaryDirectory(prefix="edgewise-model-") as folder:
        source = Path(folder) / "model.py"
        source.write_text(code, encoding="utf-8")
        return _compile(source, arch, small=False)


def _compile(source: Path, arch: Arch, small: bool = True) -> bytes:
    with tempfile.TemporaryDirectory(prefix="edgewise-mpy-") as folder:
        out = Path(folder) / "out.mpy"
        mpycross.compile(source, out, arch, small=small)
        return out.read_bytes()


def check_model(package: Package, node_settings: Mapping[str, Any], path: Path) -> None:
    """Raise InputError for an output of ``path`` that follows what the model does not have."""
    full = settings.complete(node_settings)
    for row in outputcheck.read(full["outputs"]):
        name, follow = f"{path}: outputs.{row['name']}", row["follow"]
        if follow == "class" and row["on"] not in package.classes:
            raise InputError(
                f"{name}.on must be a class of the model: {', '.join(package.classes)}"
            )
        if follow == "unusual" and "detector" not in package.heads:
            raise InputError(
                f"{name}.follow: the model has no detector: follow a class, or train a model with "
                "one (docs/unusual.md)"
            )
    actuator = full["actuator"]
    follows_class = actuator["pin"] >= 0 and actuator["follow"] == "class"
    if follows_class and actuator["on"] not in package.classes:
        raise InputError(
            f"{path}: actuator.on must be a class of the model: {', '.join(package.classes)}"
        )
