"""The machine of native code, as a board reports it."""

from __future__ import annotations

import json
from pathlib import Path

from edgewise.board.repl import Repl
from edgewise.errors import InputError

__all__ = ["ARCHES", "check_arch"]

ARCHES = (
    *("none", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc"),
)
"""In the order of their numbers in sys.implementation._mpy; MicroPython, py/persistentcode.h."""


def check_arch(repl: Repl, build: Path) -> None:
    """Raise InputError when ``build`` is for another machine than the board's."""
    try:
        arch = str(json.loads((build / "manifest.json").read_bytes())["arch"])
    except FileNotFoundError:
        return  # a folder fs/ without a manifest, made by hand
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise InputError(f"{build}: no manifest of this version: run edgewise build") from e
    reply = repl.exec("import sys; print(getattr(sys.implementation, '_mpy', 0) >> 10 & 15)")
    number = int(reply.strip() or 0)
    board = ARCHES[number] if number < len(ARCHES) else "another machine"
    if board not in (arch, "none"):
        raise InputError(
            f"{build}: is for {arch}, this board runs {board}: run edgewise build --arch {board}"
        )
