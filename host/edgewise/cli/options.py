"""Option types that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.errors import InputError

__all__ = [
    "After",
    "Base",
    "Baud",
    "Before",
    "Broker",
    "Ca",
    "Cert",
    "Db",
    "JsonFlag",
    "KeyConfig",
    "NodeName",
    "NodeOrAll",
    "NodeOrNone",
    "Out",
    "Port",
    "Seed",
    "SerialOrNone",
    "topic_part",
]


def _resolve_auto(port: str | None) -> str | None:
    if port != "auto":
        return port
    from edgewise.board import ports

    return ports.only_port()


def topic_part(param: typer.CallbackParam, text: str | None) -> str | None:
    """Check an option that becomes part of a topic; InputError for wildcards and separators."""
    forbidden = "+#" if param.name == "base" else "+#/"
    if text is not None and (not text or set(text) & {*forbidden, "\0"}):
        characters = " ".join(forbidden)
        raise InputError(f"--{param.name} {text!r}: a name without {characters} is needed")
    return text


JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, everything else on stderr")
]
Broker = Annotated[
    str,
    typer.Option("--broker", metavar="URL", help="Broker, mqtt://host:port or mqtts://host:port"),
]
Ca = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="PEM file of the CA for mqtts:// [the system's]"),
]
Cert = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="PEM file with a client certificate and its key"),
]
Db = Annotated[
    str,
    typer.Option(
        "--db", metavar="URL", help="Database, sqlite:///file.db or postgresql://host/name"
    ),
]
Base = Annotated[str, typer.Option(callback=topic_part, help="First part of the topics")]
KeyConfig = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", help="Settings with update.secret, the nodes' keys"),
]
NodeName = Annotated[
    str, typer.Option("--node", metavar="ID", callback=topic_part, help="Name of the node")
]
NodeOrAll = Annotated[
    str,
    typer.Option("--node", metavar="ID|all", callback=topic_part, help="Name of the node, or all"),
]
NodeOrNone = Annotated[
    str | None,
    typer.Option("--node", metavar="ID", callback=topic_part, help="Name of the node"),
]
Port = Annotated[
    str,
    typer.Option(
        metavar="PORT",
        callback=_resolve_auto,
        help="/dev/ttyUSB0, COM5, socket://host:port, rfc2217://... or auto: the one board on USB",
    ),
]
SerialOrNone = Annotated[
    str | None,
    typer.Option(
        metavar="PORT",
        callback=_resolve_auto,
        help="Serial port of a node to read, with or without MQTT",
    ),
]
Baud = Annotated[int, typer.Option(min=9600, help="Bits per second while writing")]
Before = Annotated[
    str,
    typer.Option(
        metavar="HOW", help="How the chip enters download mode, as in esptool: no-reset ..."
    ),
]
After = Annotated[
    str,
    typer.Option(
        metavar="HOW", help="How it leaves download mode, as in esptool: no-reset, hard-reset ..."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="PATH", help="Where to write the result")
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Seed; the same seed gives the same result")
]
