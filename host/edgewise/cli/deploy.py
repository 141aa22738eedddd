"""``edgewise deploy``: write the files that differ to a board over its cable."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag, LabelConfig, LabelName, Port
from edgewise.console import emit_json, err, printable, say

EXAMPLES = (
    "edgewise deploy --port /dev/ttyUSB0",
    "edgewise deploy --port socket://lab:3333 --build build/kitchen",
    "edgewise deploy --node 'kitchen-{mac}' --config node.toml",
)

_REMOVED_SHOWN = 15


def deploy(
    port: Port = "auto",
    build: Annotated[Path, typer.Option(help="Folder that edgewise build wrote")] = Path("build"),
    node: LabelName = None,
    config: LabelConfig = Path("node.toml"),
    json: JsonFlag = False,
) -> None:
    """Write the files that differ from those on the board, then restart the node.

    Each wait shows its limit. If the cable is pulled, every file is still the old or the
    new one; deploy again. A counter of updates and orders that is a day ahead of this computer's
    clock starts again. A board that edgewise flash --node named needs the same --node here.
    """
    from rich.progress import Progress

    from edgewise.board.arch import check_arch
    from edgewise.board.deploy import deploy as deploy_files
    from edgewise.board.deploy import files_of, mac_of, name_warning
    from edgewise.board.flash.label import Label
    from edgewise.board.repl import ANSWER_S, open_repl
    from edgewise.board.serial.first_lines import LIMIT_S, limits, watch

    files = files_of(build)
    label = Label(node, config) if node is not None else None
    if label:
        label.check(build, is_for_many=False)
    start_s = time.monotonic()
    with (
        open_repl(port, say) as repl,
        Progress(console=err(), transient=True, disable=not err().is_terminal) as bar,
    ):
        task = bar.add_task("deploy", total=None)

        def show_progress(name: str, sent: int, total: int) -> None:
            bar.update(task, completed=sent, total=total, description=name)

        say(f"comparing and sending files, up to {ANSWER_S} s for each answer of the board")
        check_arch(repl, build)
        if label:
            mac = mac_of(repl)
            files["config.json"] = label.config_json(mac)
            if path := label.add_to_fleet(mac):
                say(f"written: {path}")
        if warning := name_warning(files):
            say(f"{build}: {warning}")
        result = deploy_files(repl, files, show_progress)
        for name in result.written:
            say(f"written: {name}")
        for name in result.kept:
            say(f"kept: {name}, which the node took over the air; edgewise flash replaces it")
        if len(result.removed) > _REMOVED_SHOWN:
            say(f"removed: {len(result.removed)} files of the earlier build")
        else:
            for name in result.removed:
                say(f"removed: {name}")
        if result.old_name:
            say(
                f"renamed: the node was {printable(result.old_name)}; a name that edgewise flash "
                "--node gave stays with the same --node here"
            )
        if result.reset_counters:
            say("reset: the counter of updates and orders, which was ahead of this clock")
        say(f"{len(result.written)} written, {result.same} unchanged")
        say(limits(talks=False, limit_s=LIMIT_S))
        first_lines = watch(repl.restart(), port, talks=False, limit_s=LIMIT_S)
    seconds = round(time.monotonic() - start_s, 2)
    say(f"node {first_lines.node} runs, model {first_lines.model}, after {seconds} s")
    if json:
        emit_json(
            {
                "written": result.written,
                "kept": result.kept,
                "removed": result.removed,
                "same": result.same,
                "reset_counters": result.reset_counters,
                "seconds": seconds,
                "node": first_lines.node,
                "model": first_lines.model,
            }
        )
