"""Option types that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.urls import BrokerUrl

__all__ = [
    "BROKER_ENV",
    "DB_ENV",
    "After",
    "ArchiveOrNone",
    "Base",
    "Baud",
    "Before",
    "BoardOrNone",
    "Broker",
    "BrokerPasswordFile",
    "Ca",
    "Cert",
    "Db",
    "DbOfGroup",
    "DbOrNone",
    "DbPasswordFile",
    "Filter",
    "FilterOption",
    "JsonFlag",
    "KeyConfig",
    "LabelConfig",
    "LabelName",
    "NodeName",
    "NodeOrAll",
    "NodeOrNone",
    "Out",
    "Port",
    "Seed",
    "SerialOrNone",
    "broker_or_none",
    "db_or_none",
    "topic_part",
]

# The whole address, with its password. A command that can do without does not look there.
BROKER_ENV, DB_ENV = "EDGEWISE_BROKER", "EDGEWISE_DB"


class Filter(StrEnum):
    """What readings pass before the features are computed."""

    none = "none"
    median = "median"


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


def broker_or_none(
    url: str | None,
    ca: Path | None = None,
    cert: Path | None = None,
    password_file: Path | None = None,
) -> BrokerUrl | None:
    """Return the broker, None without an address; InputError for a password file alone."""
    from edgewise.urls import parse_broker

    if url:
        return parse_broker(url, ca, cert, password_file)
    if password_file:
        raise InputError("--broker-password-file: name the broker with --broker as well")
    return None


def db_or_none(url: str | None, password_file: Path | None) -> str | None:
    """Return the database's address with its password; InputError for a password file alone."""
    from edgewise.urls import db_with_password

    if url:
        return db_with_password(url, password_file)
    if password_file:
        raise InputError("--db-password-file: name the database with --db as well")
    return None


FilterOption = Annotated[
    Filter,
    typer.Option(
        "--filters", help="Filter of the readings: a median of 3, which hides spikes, or none"
    ),
]
JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout, everything else on stderr")
]
Broker = Annotated[
    str,
    typer.Option(
        "--broker",
        metavar="URL",
        envvar=BROKER_ENV,
        help="Broker, mqtt[s]://[user@]host[:port]",
    ),
]
BrokerPasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File with the password of the broker's user, mode 600"),
]
Ca = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="PEM file of the CA for mqtts:// [the system's]"),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=1,
        help="Wait this long for a sign of the node [60; for a verdict 300]",
    ),
]
Cert = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="PEM file with a client certificate and its key"),
]
_DB = typer.Option(
    "--db",
    metavar="URL",
    envvar=DB_ENV,
    help="Database, sqlite:///file.db or postgresql://[user@]host/name",
)
Db = Annotated[str, _DB]
DbOfGroup = Annotated[str | None, _DB]  # of a command with others below it, which need none
ArchiveOrNone = Annotated[
    str | None,
    typer.Option(
        "--archive",
        metavar="URL",
        help="Archive to read instead of a database, as edgewise archive takes it",
    ),
]
DbOrNone = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="Database, sqlite:///file.db or postgresql://[user@]host/name "
        f"[{DB_ENV}, without --archive]",
    ),
]
DbPasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File with the password of the database's user, mode 600"),
]
Base = Annotated[str, typer.Option(callback=topic_part, help="First part of the topics")]
KeyConfig = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", help="Settings with update.secret, the nodes' keys"),
]
LabelName = Annotated[
    str | None,
    typer.Option(
        "--node",
        metavar="NAME",
        help="Name of the node, in which {mac} becomes the last 3 bytes of the board's MAC",
    ),
]
LabelConfig = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", help="For --node: the settings of the build"),
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
BoardOrNone = Annotated[
    str | None,
    typer.Option(
        "--port",
        metavar="PORT",
        callback=_resolve_auto,
        help="Serial port of a board to measure on, or auto; its program restarts afterwards",
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
Baud = Annotated[int, typer.Option(min=9600, max=12_000_000, help="Bits per second while writing")]
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
    int,
    typer.Option("--seed", min=0, max=2**32 - 1, help="Seed; the same seed gives the same result"),
]
