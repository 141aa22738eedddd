"""``edgewise record``: record labelled readings of a node in a log."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.keys import keys
from edgewise.cli.options import (
    BROKER_ENV,
    Base,
    BrokerPasswordFile,
    Ca,
    JsonFlag,
    NodeOrNone,
    broker_or_none,
)
from edgewise.cli.signals import end_as_interrupt
from edgewise.console import emit_json, say
from edgewise.errors import InputError
from edgewise.times import LOCAL

if TYPE_CHECKING:
    from edgewise.board.serial.recorder import Recorder
    from edgewise.board.serial.sources import Source
    from edgewise.urls import BrokerUrl

EXAMPLES = (
    "edgewise record --port /dev/ttyUSB0 --label closed,open --out window.csv",
    "edgewise record --broker mqtt://localhost --node a1b2c3 --label open --out window.csv",
)
_LABELS_MAX = 9
_POLL_S = 0.1


def record(
    label: Annotated[
        str, typer.Option(metavar="NAME[,NAME...]", help="Classes; the keys 1 to 9 choose one")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="LOG.csv", help="Log to write; an existing log is continued"
        ),
    ],
    port: Annotated[
        str | None, typer.Option(metavar="PORT", help="Serial port of the node")
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help=f"Broker to read the node from, mqtt[s]://[user@]host[:port] [{BROKER_ENV}, "
            "without --port]",
        ),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    ca: Ca = None,
    node: NodeOrNone = None,
    base: Base = "edgewise",
    readings: Annotated[
        int, typer.Option(min=0, help="Stop after this many readings [0: at Ctrl-C]")
    ] = 0,
    undo_s: Annotated[
        float, typer.Option(min=1, help="Seconds of readings that the key u removes")
    ] = 30,
    json: JsonFlag = False,
) -> None:
    """Record a node's readings with the class that you choose by key.

    Keys 1 to 9 choose the class, space pauses, u removes the last readings.
    """
    from edgewise.board.serial.log_file import GrowingLog
    from edgewise.board.serial.recorder import Recorder
    from edgewise.cli import outputs

    outputs.check_grown_file(out, [ca, broker_password_file])
    labels = _labels(label)
    if port is None:
        broker = broker or os.environ.get(BROKER_ENV)
    broker_url = broker_or_none(broker, ca, password_file=broker_password_file)
    source = _source(port, broker_url, node, base)
    with ExitStack() as stack:
        log = stack.enter_context(GrowingLog(out, "status"))
        source = stack.enter_context(source)
        recorder = Recorder(log, labels, undo_s)
        ended = end_as_interrupt()
        read_keys = stack.enter_context(keys())
        say("  ".join(f"{i} {name}" for i, name in enumerate(labels, 1)))
        say("space pauses, u undoes, Ctrl-C ends")
        with suppress(KeyboardInterrupt):
            _record_readings(source, recorder, read_keys, readings, ended)
    say(f"{out}: {recorder.summary()}")
    if json:
        emit_json({"out": str(out), "readings": dict(recorder.counts)})


def _labels(text: str) -> list[str]:
    labels = [name.strip() for name in text.split(",")]
    if not all(labels) or len(set(labels)) < len(labels) or len(labels) > _LABELS_MAX:
        raise InputError(f"--label {text}: 1 to {_LABELS_MAX} different names, such as a,b")
    return labels


def _source(port: str | None, broker: BrokerUrl | None, node: str | None, base: str) -> Source:
    from edgewise.board.serial.sources import MqttSource, SerialSource

    if port is not None and broker is None:
        return SerialSource(port)
    if port is not None or broker is None:
        raise InputError("name the node's place: either --port or --broker and --node")
    if not node:
        raise InputError("--broker needs --node: the node's name, such as a1b2c3")
    return MqttSource(broker, node, base)


def _record_readings(
    source: Source,
    recorder: Recorder,
    read_keys: Callable[[], str],
    limit: int,
    ended: Event,
) -> None:
    from edgewise.board.serial.sources import Heard

    while not ended.is_set() and (not limit or recorder.counts.total() < limit):
        for key in read_keys():
            message = recorder.key(key)
            if message:
                say(message)
        event = source.next(_POLL_S)
        if isinstance(event, str):
            say(event)
        elif isinstance(event, Heard):
            recorder.take(event)
            _print_status(recorder)


def _print_status(recorder: Recorder) -> None:
    last = recorder.last
    if last is None:
        return
    values = "failed read" if last.t is None else f"{last.t:.1f} C  {last.h:.1f} %"
    state = "paused" if recorder.paused else recorder.label
    clock = f"{LOCAL.at(last.time_s):%H:%M:%S %Z}"
    say(f"{clock}  {values}  [{state}]  {recorder.summary()}")
