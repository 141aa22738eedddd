"""``edgewise node``: run a node on this Linux computer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.console import say
from edgewise.errors import OutsideError

if TYPE_CHECKING:
    from edgewise.linux.node import Plan

EXAMPLES = (
    "edgewise node --config node.toml --model models/mine",
    "edgewise node --config node.toml --model models/mine --sensor iio:device1",
    "edgewise node --config node.toml --model models/mine --sensor 'command:./read_sht31.py'",
    "sudo edgewise node --config node.toml --model models/mine --service",
)


def node(
    model: Annotated[Path, typer.Option(help="Model package; one that is pushed later stays")],
    config: Annotated[Path, typer.Option(help="Settings of the node")] = Path("node.toml"),
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of what the node keeps [.edgewise/NAME beside the settings]",
        ),
    ] = None,
    sensor: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="iio:NAME, or command:CMD, which prints C and %RH [the only humidity sensor of "
            "the kernel]",
        ),
    ] = None,
    gpio: Annotated[
        str | None,
        typer.Option(
            metavar="CHIP", help="GPIO chip of the output, as gpiochip1 [that with a line GPIOn]"
        ),
    ] = None,
    service: Annotated[
        bool,
        typer.Option("--service", help="Run nothing; write a systemd unit beside the settings"),
    ] = False,
) -> None:
    """Run a node on this Linux computer until Ctrl-C: a Raspberry Pi, a BeagleBone or another.

    It runs the files of a board with the kernel's sensor, in MicroPython. docs/linux-node.md
    says how to connect a DHT22.
    """
    if sys.platform != "linux":
        raise OutsideError("edgewise node needs Linux: edgewise simulate runs a node elsewhere")
    from edgewise.cli import outputs
    from edgewise.linux.node import Plan, run

    if state is not None and not state.exists():
        outputs.check_folder(state, "name another folder")
    plan = Plan(config, model, state, sensor, gpio)
    if service:
        _write_service(plan)
    else:
        run(plan, say)


def _write_service(plan: Plan) -> None:
    from edgewise.linux.service import write_service

    written = write_service(plan)
    say(f"written: {written.unit}")
    for line in written.advice:
        say(line)
