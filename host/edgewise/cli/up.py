"""``edgewise up``: broker, collector and dashboard together on a folder."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import BrokerPasswordFile, Ca
from edgewise.console import say
from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.station.station import Plan

EXAMPLES = (
    "edgewise up",
    "edgewise up DIR --demo-nodes 3",
    "edgewise up DIR --lan --node kitchen",
    "edgewise up DIR --service",
)


def up(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="[FOLDER]", help="Folder of database, models/, node.toml and broker files"
        ),
    ] = Path(),
    demo_nodes: Annotated[
        int, typer.Option(min=0, max=50, help="Simulated nodes with the default model")
    ] = 0,
    lan: Annotated[
        bool,
        typer.Option(
            "--lan", help="Let nodes in the network connect: mosquitto with TLS and passwords"
        ),
    ] = False,
    node: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="With --lan: node that may connect; may be repeated"),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A broker that runs already [one is started]"),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    ca: Ca = None,
    broker_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port of the broker; 0 takes a free one [1883; --lan 8883]"
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address of the page; beyond 127.0.0.1 it needs a password")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0 takes a free one")
    ] = 8080,
    private: Annotated[
        bool, typer.Option("--private", help="Show nothing to a browser that is not logged in")
    ] = False,
    fahrenheit: Annotated[
        bool, typer.Option("--fahrenheit", help="Show temperatures in Fahrenheit")
    ] = False,
    service: Annotated[
        bool,
        typer.Option(
            "--service", help="Run nothing; write a systemd unit and a Compose file to FOLDER"
        ),
    ] = False,
) -> None:
    """Run broker, collector and dashboard on a folder until Ctrl-C.

    It is reachable from this computer only, unless --lan or --host says otherwise. If edgewise
    init or --lan made a broker in the folder, it runs again. With a notify.toml in the folder
    edgewise notify runs too.
    """
    from edgewise.cli import outputs
    from edgewise.station.folder import StationFolder
    from edgewise.station.station import Plan, Station
    from edgewise.toolchain import extras

    existing = _existing_broker(broker, broker_password_file, ca)
    if existing and (lan or node or broker_port is not None):
        raise InputError(
            "--broker is one that runs already: leave out --lan, --node and --broker-port"
        )
    lan = lan or (not existing and (StationFolder(folder).broker / "edgewise.json").is_file())
    if node and not lan:
        raise InputError("--node: only a broker for the network knows its nodes: add --lan")
    if demo_nodes and lan:
        raise InputError(
            "--demo-nodes: simulated nodes need a broker of this computer alone: "
            "leave out --lan, or name another folder"
        )
    outputs.check_folder(folder, "name another folder")
    page = ("--private",) * private + ("--fahrenheit",) * fahrenheit
    plan = Plan(
        folder, port, host, broker_port, lan, tuple(node or ()), existing, demo_nodes, page
    )
    if service:
        _write_services(plan)
        return
    if not extras.is_installed("dashboard"):
        extras.require("dashboard")
    if (station := StationFolder(folder)).has_notify:
        _check_notify(station.path / station.NOTIFY)
    from edgewise.cli.signals import catch_end

    Station(plan, catch_end(signal.SIGHUP), say).run()


def _check_notify(path: Path) -> None:
    # An error is said before anything runs.
    from edgewise.notify import read_settings
    from edgewise.notify.targets import targets_of

    targets_of(read_settings(path).urls)


def _existing_broker(
    url: str | None, password_file: Path | None, ca: Path | None
) -> tuple[str, ...]:
    # The options of the commands, which run in the folder; they check the broker.
    from edgewise.cli.options import broker_or_none

    if broker_or_none(url, ca, password_file=password_file) is None or url is None:
        return ()
    files = (("--broker-password-file", password_file), ("--ca", ca))
    return ("--broker", url, *(t for name, f in files if f for t in (name, str(f.absolute()))))


def _write_services(plan: Plan) -> None:
    from edgewise.station.folder import StationFolder
    from edgewise.station.services import write_services

    options = ["--demo-nodes", str(plan.demo_nodes)] if plan.demo_nodes else []
    options += ["--lan"] * plan.lan + [t for name in plan.nodes for t in ("--node", name)]
    options += plan.broker
    if plan.broker_port is not None:
        options += ["--broker-port", str(plan.broker_port)]
    options += ["--host", plan.host, "--port", str(plan.port), *plan.page]
    StationFolder(plan.folder).make()
    services = write_services(plan.folder, options)
    say(f"written: {', '.join(map(str, services.written))}")
    for line in services.advice:
        say(line)
