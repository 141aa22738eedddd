"""``edgewise erase``: erase the whole flash of a board: firmware, files and settings."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import After, Baud, Before, Port
from edgewise.console import say
from edgewise.errors import InputError

__all__ = ["EXAMPLES", "erase"]

EXAMPLES = ("edgewise erase --port /dev/ttyUSB0",)


def erase(
    port: Port = "auto",
    before: Before = "default-reset",
    after: After = "hard-reset",
    baud: Baud = 460800,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Erase without asking")] = False,
) -> None:
    """Erase the whole flash: MicroPython, the node's files, settings and boot counter."""
    from edgewise.board.flash import board
    from edgewise.board.flash.esp import check_resets

    check_resets(before, after)
    if port == "all":
        raise InputError("erase takes one board: name its port")
    if not yes and not typer.confirm(f"Erase everything on the board at {port}?", err=True):
        raise typer.Exit(1)
    loader = board.erase(port, baud, before, after, say)
    typer.echo(f"{loader.chip} {loader.mac}: {loader.flash_bytes >> 20} MB erased")
