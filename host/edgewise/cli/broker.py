"""``edgewise broker``: run an MQTT broker for first steps, or write a folder for mosquitto."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, say
from edgewise.times import LOCAL

if TYPE_CHECKING:
    from edgewise.broker.setup import InitResult

__all__ = ["app"]

app = make_app(
    "edgewise broker",
    "edgewise broker --host 0.0.0.0 --port 1883",
    "edgewise broker init DIR --host raspberrypi.local --node kitchen",
)


@app.callback(invoke_without_command=True)
def broker(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one")
    ] = 1883,
) -> None:
    """Run a broker for first steps until Ctrl-C; it accepts every client.

    For a broker with TLS and rights make a folder for mosquitto: edgewise broker init.
    """
    from edgewise.broker.embedded import EmbeddedBroker
    from edgewise.cli.signals import catch_end
    from edgewise.errors import InputError

    if context.invoked_subcommand is not None:
        for name in ("host", "port"):
            source = context.get_parameter_source(name)
            if source is not None and source.name == "COMMANDLINE":
                raise InputError(f"--{name}: write it after {context.invoked_subcommand}")
        return
    with EmbeddedBroker(host, port, say) as server:
        wait_for_end = catch_end()
        say(f"broker at {server.url}, Ctrl-C ends it")
        wait_for_end()


@app.command(
    epilog=examples(
        "edgewise broker init DIR --host raspberrypi.local --node kitchen --node cellar",
        "edgewise broker init DIR --node attic",
    )
)
def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder to create, or one that this command created"),
    ],
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Name or address of the broker [of this computer]"),
    ] = None,
    node: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Node that may connect")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the broker [8883]")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=7300, help="Days that the server certificate is valid")
    ] = 825,
    certificates: Annotated[
        bool,
        typer.Option(
            "--certificates", help="Nodes log in with a certificate instead of a password"
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write what mosquitto needs to DIR: CA, certificate, users, rights, mosquitto.conf.

    Run it again to add nodes and hosts. It renews the server certificate when two thirds of its
    time are over, and keeps everything else. --host and --node may be given several times; nodes
    connect to the first host.
    """
    from edgewise.broker import setup

    result = setup.init(folder, host or [], node or [], port, days, certificates)
    _print_result(result)
    if as_json:
        emit_json(asdict(result))


def _print_result(result: InitResult) -> None:
    end_date = LOCAL.localize_iso(result.valid_until)
    say(f"CA {result.ca}; server certificate {result.server}, good until {end_date}")
    say(f"broker {', '.join(result.hosts)}, port {result.port}")
    for node in result.added:
        say(f"node {node} added: its settings are {result.folder}/nodes/{node}.toml")
    for node in result.kept:
        say(f"node {node} exists already: unchanged")
    if result.ca == "made":
        say(f"start it: cd {result.folder} && mosquitto -c mosquitto.conf")
    elif result.added or result.server != "kept":
        say("reload a running mosquitto: kill -HUP, or systemctl reload")
