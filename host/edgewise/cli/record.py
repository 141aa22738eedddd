"""``edgewise record``: record labelled readings of a node in a log."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
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
    from edgewise.camera import Camera
    from edgewise.urls import BrokerUrl

EXAMPLES = (
    "edgewise record --port /dev/ttyUSB0 --label closed,open --out window.csv",
    "edgewise record --broker mqtt://localhost --node a1b2c3 --label open --out window.csv",
    "edgewise record --port /dev/ttyUSB0 --camera 0 --out office.csv",
)
_LABELS_MAX = 9
_POLL_S = 0.1
_EMPTY_AFTER_S = 300.0


def record(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="LOG.csv", help="Log to write; an existing log is continued"
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help="Classes; the keys 1 to 9 choose one  [with --camera: occupied,empty]",
        ),
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="CAMERA",
            help="Take occupied or empty from a camera: its number, the URL of a stream, or a "
            "video file",
        ),
    ] = None,
    empty_after_s: Annotated[
        float | None,
        typer.Option(
            min=60, help="With --camera: seconds without a movement or a person until empty  [300]"
        ),
    ] = None,
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
    """Record a node's readings with the class that you choose by key, or that a camera sees.

    Keys 1 to 9 choose the class, space pauses, u removes the last readings. With --camera a chosen
    class holds until c gives the choice back. Pictures are looked at and never stored.
    """
    from edgewise.board.serial.log_file import GrowingLog
    from edgewise.board.serial.recorder import Recorder
    from edgewise.cli import outputs

    outputs.check_grown_file(out, [ca, broker_password_file])
    labels = _labels(label, camera is not None)
    if port is None:
        broker = broker or os.environ.get(BROKER_ENV)
    broker_url = broker_or_none(broker, ca, password_file=broker_password_file)
    source = _source(port, broker_url, node, base)
    with ExitStack() as stack:
        watching = stack.enter_context(_camera(camera, empty_after_s))
        log = stack.enter_context(GrowingLog(out, "status"))
        source = stack.enter_context(source)
        recorder = Recorder(log, labels, undo_s, watching is not None)
        ended = end_as_interrupt()
        read_keys = stack.enter_context(keys())
        say("  ".join(f"{i} {name}" for i, name in enumerate(labels, 1)))
        say(f"{'c: as the camera sees, ' if watching else ''}space pauses, u undoes, Ctrl-C ends")
        with suppress(KeyboardInterrupt):
            _record_readings(source, recorder, watching, read_keys, readings, ended)
    say(f"{out}: {recorder.summary()}")
    if json:
        counts = {"readings": dict(recorder.counts), "unlabelled": recorder.unlabelled}
        emit_json({"out": str(out), **counts})


def _labels(text: str | None, has_camera: bool) -> list[str]:
    if text is None and not has_camera:
        raise InputError("name the classes with --label, or a camera with --camera")
    labels = [] if text is None else [name.strip() for name in text.split(",")]
    if has_camera:
        from edgewise.camera import EMPTY, OCCUPIED

        labels = [OCCUPIED, EMPTY] + [name for name in labels if name not in (OCCUPIED, EMPTY)]
    if not all(labels) or len(set(labels)) < len(labels) or len(labels) > _LABELS_MAX:
        raise InputError(f"--label {text}: 1 to {_LABELS_MAX} different names, such as a,b")
    return labels


def _camera(
    place: str | None, empty_after_s: float | None
) -> AbstractContextManager[Camera | None]:
    if place is None:
        if empty_after_s is not None:
            raise InputError("--empty-after-s is for --camera: your keys need no time")
        return nullcontext()
    from edgewise.camera import Camera

    return Camera(place, empty_after_s or _EMPTY_AFTER_S)


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
    camera: Camera | None,
    read_keys: Callable[[], str],
    limit: int,
    ended: Event,
) -> None:
    from edgewise.board.serial.sources import Heard

    while not ended.is_set() and (not limit or recorder.written < limit):
        for key in read_keys():
            message = recorder.key(key)
            if message:
                say(message)
        if camera is not None:
            _look(camera, recorder)
        event = source.next(_POLL_S)
        if isinstance(event, str):
            say(event)
        elif isinstance(event, Heard):
            recorder.take(event)
            _print_status(recorder)


def _look(camera: Camera, recorder: Recorder) -> None:
    while not camera.messages.empty():
        say(camera.messages.get())
    if message := recorder.see(camera.label()):
        say(message)


def _print_status(recorder: Recorder) -> None:
    last = recorder.last
    if last is None:
        return
    values = "failed read" if last.t is None else f"{last.t:.1f} C  {last.h:.1f} %"
    state = "paused" if recorder.paused else recorder.label or "no label"
    clock = f"{LOCAL.at(last.time_s):%H:%M:%S %Z}"
    say(f"{clock}  {values}  [{state}]  {recorder.summary()}")
