"""``edgewise flash``: write MicroPython and the node to one board, or to all on USB."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.options import After, Baud, Before, JsonFlag, LabelConfig, LabelName, Port
from edgewise.console import emit_json, err, printable, say
from edgewise.errors import EdgewiseError, InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from edgewise.board.flash.board import Job, Result
    from edgewise.board.flash.label import Label

__all__ = ["EXAMPLES", "flash"]

EXAMPLES = (
    "edgewise flash --port /dev/ttyUSB0 --image ESP32_GENERIC-20251209-v1.27.0.bin",
    "edgewise flash --port all --image auto --erase",
    "edgewise flash --port all --node 'kitchen-{mac}' --config node.toml",
)


@dataclass
class _Board:
    port: str
    result: Result | None = None
    error: BaseException | None = None
    seconds: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


def flash(
    port: Port = "auto",
    image: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="MicroPython image (.bin); auto downloads the pinned release"
        ),
    ] = "auto",
    build: Annotated[Path, typer.Option(help="Folder that edgewise build wrote")] = Path("build"),
    node: LabelName = None,
    config: LabelConfig = Path("node.toml"),
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole flash first")] = False,
    before: Before = "default-reset",
    after: After = "hard-reset",
    baud: Baud = 460800,
    json: JsonFlag = False,
) -> None:
    """Write firmware and files to a board, verify, reset, read the node's first lines.

    --port auto takes the only board on USB, --port all takes every one, at the same time. --node
    gives each board a name and a key of its own, and writes nodes/NAME.toml for it. Each wait
    shows its limit; the wait for the node starts again with each line that it prints. If the
    firmware mounts a partition romfs, the node's code runs from it in place. Exit code 1 when a
    board failed.
    """
    job = _job(image, build, erase, before, after, baud)
    boards = [_Board(name) for name in _ports(port)]
    if node is not None:
        job = replace(job, label=_label(node, config, build, len(boards) > 1))
    elif len(boards) > 1 and job.build.node:
        raise InputError(
            f"{build}: each of {len(boards)} boards would be the node {job.build.node}: leave "
            f"node empty in its settings, or take --node '{job.build.node}-{{mac}}'"
        )
    _flash_all(boards, job)
    if json:
        emit_json({"ok": all(b.result for b in boards), "boards": [_report(b) for b in boards]})
    elif len(boards) == 1 and boards[0].error:
        raise boards[0].error
    else:
        for board in boards:
            name = f"{board.port}: " if len(boards) > 1 else ""
            typer.echo(printable(f"{name}{board.result or f'error: {board.error}'}"))
    raise typer.Exit(_exit_code(boards))


def _job(image: str, build: Path, erase: bool, before: str, after: str, baud: int) -> Job:
    from edgewise.board.flash import build as builds
    from edgewise.board.flash import image as images
    from edgewise.board.flash.board import Job
    from edgewise.board.flash.esp import check_resets

    check_resets(before, after)
    firmware = None if image == "auto" else images.read(Path(image))
    return Job(firmware, builds.read(build), erase, baud, before, after)


def _label(template: str, config: Path, build: Path, is_for_many: bool) -> Label:
    from edgewise.board.flash.label import Label

    label = Label(template, config)
    label.check(build, is_for_many)
    return label


def _ports(port: str) -> list[str]:
    from edgewise.board import ports

    return ports.port_names() if port == "all" else [port]


def _flash_all(boards: list[_Board], job: Job) -> None:
    # The threads are daemons: Ctrl-C must end the command while one waits for its board.
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err(), transient=True) as bars:
        for board in boards:
            threading.Thread(target=_flash_one, args=(board, job, bars), daemon=True).start()
        for board in boards:
            while not board.done.wait(1):
                pass


def _flash_one(board: _Board, job: Job, bars: Progress) -> None:
    from edgewise.board.flash.board import flash as flash_board

    task = bars.add_task(board.port, total=None)
    start_s = time.monotonic()
    try:
        board.result = flash_board(board.port, job, say, _show_progress(bars, task))
    except Exception as e:  # noqa: BLE001 - the thread that waits raises or prints it
        board.error = e
    board.seconds = round(time.monotonic() - start_s, 1)
    board.done.set()


def _show_progress(bars: Progress, task: Any) -> Callable[[int, int], None]:
    return lambda written, total: bars.update(task, completed=written, total=total)


def _report(board: _Board) -> dict[str, Any]:
    result = board.result
    if result is None:
        return {"port": board.port, "ok": False, "error": str(board.error)}
    first_lines = result.started
    return {
        "port": board.port,
        "ok": True,
        "chip": result.chip,
        "mac": result.mac,
        "flash_bytes": result.flash_bytes,
        "written_bytes": result.written_bytes,
        "seconds": board.seconds,
        "other_mac": result.other_mac,
        "node": first_lines and first_lines.node,
        "model": first_lines and first_lines.model,
        "t": first_lines and first_lines.t,
        "h": first_lines and first_lines.h,
    }


def _exit_code(boards: list[_Board]) -> int:
    errors = [b.error for b in boards if b.error]
    if len(boards) == 1 and isinstance(next(iter(errors), None), InputError):
        return InputError.exit_code
    return EdgewiseError.exit_code if errors else 0
