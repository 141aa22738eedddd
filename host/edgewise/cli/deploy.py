"""edgewise deploy: what has changed, over the cable."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag, Port
from edgewise.console import emit_json, err, say

EXAMPLES = (
    "edgewise deploy --port /dev/ttyUSB0",
    "edgewise deploy --port socket://lab:3333 --build build/kitchen",
)


def deploy(
    port: Port = "auto",
    build: Annotated[Path, typer.Option(help="Folder that edgewise build wrote")] = Path("build"),
    json: JsonFlag = False,
) -> None:
    """Write the files that differ from those on the board, then restart the node.

    If the cable is pulled, every file is still the old or the new one; deploy again.
    """
    from rich.progress import Progress

    from edgewise.board.arch import check_arch
    from edgewise.board.deploy import deploy as put
    from edgewise.board.deploy import files_of
    from edgewise.board.repl import open_repl
    from edgewise.board.serial.first_lines import LIMIT_S, watch

    files = files_of(build)
    start = time.monotonic()
    with (
        open_repl(port) as repl,
        Progress(console=err(), transient=True, disable=not err().is_terminal) as bar,
    ):
        task = bar.add_task("deploy", total=None)

        def show(name: str, sent: int, of: int) -> None:
            bar.update(task, completed=sent, total=of, description=name)

        check_arch(repl, build)
        done = put(repl, files, show)
        for name in done.written:
            say(f"written: {name}")
        for name in done.kept:
            say(f"kept: {name}, which the node took over the air; edgewise flash replaces it")
        for name in done.removed:
            say(f"removed: {name}")
        say(f"{len(done.written)} written, {done.same} unchanged")
        started = watch(repl.restart(), port, talks=False, limit_s=LIMIT_S)
    seconds = round(time.monotonic() - start, 2)
    say(f"node {started.node} runs, model {started.model}, after {seconds} s")
    if json:
        emit_json(
            {
                "written": done.written,
                "kept": done.kept,
                "removed": done.removed,
                "same": done.same,
                "seconds": seconds,
                "node": started.node,
                "model": started.model,
            }
        )
