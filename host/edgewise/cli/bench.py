"""``edgewise bench``: the cost of a prediction, beside other generators and C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import BoardOrNone, JsonFlag
from edgewise.console import emit_json, progress_bar, say

if TYPE_CHECKING:
    from edgewise.bench.subject import Subject

EXAMPLES = (
    "edgewise bench",
    "edgewise bench models/mine --json",
    "edgewise bench --step",
    "edgewise bench --start models/mine",
    "edgewise bench --port /dev/ttyUSB0",
)


def bench(
    model: Annotated[
        Path | None,
        typer.Argument(help="Model package [a forest of 10 trees and 290 nodes]"),
    ] = None,
    port: BoardOrNone = None,
    start: Annotated[
        bool, typer.Option("--start", help="Only count what a start reads from the flash")
    ] = False,
    step: Annotated[
        bool, typer.Option("--step", help="Only measure a whole step with all heads of the model")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Measure time, bytes, allocations and agreement of each form of a model.

    Runs in MicroPython's unix port, beside C and other generators, or on a board. Then the node
    starts and wakes from deep sleep with this model: the time of its imports, of the wake and, on
    a board, of a read of the flash. With --start: only the reads of the flash, in a simulated one.
    With --step: only the whole step from raw frame to class and forecasts, its parts, and what it
    takes of flash and heap; without MODEL a forest of 10 trees with every head.
    """
    from edgewise.errors import InputError

    if start and step:
        raise InputError("--start and --step: one of them at a time")
    if start:
        _count_starts(model, port, json)
        return
    if step:
        _measure_step(model, port, json)
        return
    from edgewise.bench import run, scripts
    from edgewise.bench.host_rate import host_rate
    from edgewise.bench.load import collector_load
    from edgewise.bench.places import Board, UnixPort
    from edgewise.bench.show import show
    from edgewise.bench.wake import measure_starts_on
    from edgewise.toolchain import extras

    extras.require("bench")
    forest = _subject(model)
    with Board(port) if port else UnixPort() as place, progress_bar("measuring") as turn:
        size = scripts.BOARD if port else scripts.PC
        figures = run.measure(forest, place, size, not port, turn)
        say("starts of a node ...")
        figures["starts"] = measure_starts_on(place, forest.blob, forest.inline)
    if not port:
        say("features of 540,000 readings ...")
        figures["host"] = host_rate()
        say("100,000 readings into a database ...")
        figures["collector"] = collector_load()
    if json:
        emit_json(figures)
    else:
        show(figures)


def _subject(model: Path | None, with_heads: bool = False) -> Subject:
    from edgewise.bench import subject
    from edgewise.errors import InputError
    from edgewise.package.store import load_package

    say("building the model ...")
    if model is None:
        return subject.reference(with_heads)
    package = load_package(model)
    if package.is_network:
        raise InputError(
            f"{model}: a network, and the bench compares forests: edgewise compile --json says "
            "how long one prediction takes; --start counts what a start reads"
        )
    return subject.subject_of(package)


def _measure_step(model: Path | None, port: str | None, json: bool) -> None:
    from edgewise.bench import scripts
    from edgewise.bench.places import Board, UnixPort
    from edgewise.bench.show import show_step
    from edgewise.bench.step import measure_step

    forest = _subject(model, with_heads=True)
    with Board(port) if port else UnixPort() as place:
        say("measuring ...")
        figures = measure_step(forest, place, scripts.BOARD if port else scripts.PC)
    if json:
        emit_json(figures)
    else:
        show_step(figures)


def _count_starts(model: Path | None, port: str | None, json: bool) -> None:
    from dataclasses import asdict

    from edgewise.bench.show import show_starts
    from edgewise.bench.start import measure_starts
    from edgewise.errors import InputError

    if port:
        raise InputError("--start counts in a simulated flash: leave --port out")
    if model is None:
        raise InputError("--start needs a model package: edgewise bench --start models/NAME")
    starts = measure_starts(model)
    if json:
        emit_json({k: {s: asdict(r) for s, r in v.items()} for k, v in starts.items()})
    else:
        show_starts(starts)
