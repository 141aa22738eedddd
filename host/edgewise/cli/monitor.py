"""``edgewise monitor``: show the serial line of a node live."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import Port
from edgewise.cli.signals import end_as_interrupt
from edgewise.console import out, say

if TYPE_CHECKING:
    from edgewise.board.serial.log_file import GrowingLog
    from edgewise.board.serial.port import Lost, Opened
    from edgewise.board.serial.screen import NodeState
    from edgewise.messages.serial import Reading, Said

    Events = queue.Queue[Opened | Lost | bytes]

EXAMPLES = (
    "edgewise monitor --port /dev/ttyUSB0",
    "edgewise monitor --port socket://lab:3333 --csv log.csv",
)
_REFRESH_S = 0.25


def monitor(
    port: Port = "auto",
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append each reading to this log")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the serial line unchanged")] = False,
) -> None:
    """Show a node's readings, class, link and log until Ctrl-C.

    It goes on after a reset and after the cable was unplugged.
    """
    from edgewise.board.serial.log_file import GrowingLog
    from edgewise.board.serial.port import SerialReader
    from edgewise.cli import outputs

    if csv is not None:
        outputs.check_grown_file(csv, option="--csv")
    with ExitStack() as stack:
        log = stack.enter_context(GrowingLog(csv, "class")) if csv else None
        reader = stack.enter_context(SerialReader(port, raw))
        ended = end_as_interrupt()
        with suppress(KeyboardInterrupt):
            if raw:
                _print_raw(reader.events, ended)
            else:
                _show(reader.events, log, ended)
        say(_log_summary(log, csv) if log else "bye")


def _log_summary(log: GrowingLog, csv: Path | None) -> str:
    late = f", {log.skipped} left out: not later than the one before" if log.skipped else ""
    return f"{log.rows} readings in {csv}{late}"


def _print_raw(events: Events, ended: Event) -> None:
    while not ended.is_set():
        event = _next_event(events)
        if isinstance(event, bytes):
            sys.stdout.buffer.write(event)
            sys.stdout.buffer.flush()


def _next_event(events: Events) -> Opened | Lost | bytes | None:
    try:
        return events.get(timeout=_REFRESH_S)
    except queue.Empty:
        return None


def _show(events: Events, log: GrowingLog | None, ended: Event) -> None:
    from rich.live import Live

    from edgewise.board.serial.screen import NodeState, table

    state = NodeState()
    if not out().is_terminal:
        while not ended.is_set():
            _handle_event(events, state, log, print_line=lambda text: print(text, flush=True))
        return
    with Live(table(state), console=out(), auto_refresh=False, transient=False) as live:
        while not ended.is_set():
            _handle_event(events, state, log, lambda text: live.console.print(text, markup=False))
            live.update(table(state), refresh=True)


def _handle_event(
    events: Events,
    state: NodeState,
    log: GrowingLog | None,
    print_line: Callable[[str], None],
) -> None:
    from edgewise.board.serial.port import Lost, Opened
    from edgewise.messages.serial import decode

    event = _next_event(events)
    if event is None:
        return
    if isinstance(event, Opened):
        state.port = "open"
    elif isinstance(event, Lost):
        state.port = f"gone ({event.why}), tried again"
        print_line(f"monitor: port gone: {event.why}")
    else:
        message = decode(event)
        state.hear(message)
        print_line(_format(message))
        if log is not None:
            _add_to_log(message, state, log)


def _format(message: Said) -> str:
    from edgewise.board.filesystem.tracebacks import locate
    from edgewise.messages.learning import describe_learning
    from edgewise.messages.outputs import describe_outputs
    from edgewise.messages.serial import Damaged, Diag, Reading

    if isinstance(message, Reading):
        values = (
            f"failed: {message.err}" if message.err else f"{message.t:.1f} C  {message.h:.1f} %"
        )
        return f"#{message.seq}  {values}{_format_class(message)}"
    if isinstance(message, Diag):
        learning = describe_learning(message.figures)
        heap = f"{message.figures.get('heap', '-')} bytes free"
        outputs = describe_outputs(message.figures)
        return ", ".join(filter(None, [f"diag: {heap}", learning, outputs]))
    return f"damaged: {message.text}" if isinstance(message, Damaged) else locate(message.text)


def _format_class(reading: Reading) -> str:
    if reading.err is not None:
        return ""
    return "  unsure" if reading.cls is None else f"  {reading.cls} {100 * (reading.p or 0):.0f} %"


def _add_to_log(message: Said, state: NodeState, log: GrowingLog) -> None:
    from edgewise.messages.serial import Reading

    if isinstance(message, Reading):
        ts = time.time() if message.ts is None else message.ts
        log.add(ts, state.node or "", message.t, message.h, message.cls or "")
