"""``edgewise repl``: open MicroPython's prompt on a board."""

from __future__ import annotations

import subprocess
import sys

import typer

from edgewise.cli.options import Port
from edgewise.console import say
from edgewise.errors import InputError

EXAMPLES = ("edgewise repl --port /dev/ttyUSB0",)


def repl(port: Port = "auto") -> None:
    """Open MicroPython's prompt with mpremote; Ctrl-C stops the node, Ctrl-D starts it again."""
    from edgewise.board.ports import open_port

    if not sys.stdin.isatty():
        raise InputError("a prompt needs a terminal: run edgewise repl in one")
    open_port(port).close()
    say("Ctrl-] leaves")
    command = [sys.executable, "-m", "mpremote", "connect", port, "resume", "repl"]
    raise typer.Exit(subprocess.run(command).returncode)
