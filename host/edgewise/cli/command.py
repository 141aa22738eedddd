"""``edgewise command``: send a command to a node, signed with its key."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgewise.cli.options import (
    Base,
    Broker,
    BrokerPasswordFile,
    Ca,
    JsonFlag,
    KeyConfig,
    NodeName,
    Timeout,
)
from edgewise.console import emit_json, printable
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.ota import Target
    from edgewise.urls import BrokerUrl

__all__ = ["EXAMPLES", "command", "send"]

EXAMPLES = (
    "edgewise command diag --node a1b2c3 --broker mqtt://localhost",
    "edgewise command period 30000 --node a1b2c3 --broker mqtt://localhost",
    "edgewise command learn reset --node a1b2c3 --broker mqtt://localhost",
    """edgewise command config '{"confirm": {"need": 2, "of": 3}}' --node a1b2c3 """
    "--broker mqtt://localhost",
)
_Verb = Literal[
    "ping", "diag", "log", "config", "period", "reboot", "safe", "actuator", "model", "learn"
]


def command(
    verb: Annotated[_Verb, typer.Argument(help="What to do; docs/node.md lists the values")],
    node: NodeName,
    broker: Broker,
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="JSON, or a word such as on")
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    config: KeyConfig = Path("node.toml"),
    ca: Ca = None,
    base: Base = "edgewise",
    timeout: Timeout = None,
    json: JsonFlag = False,
) -> None:
    """Send a command to a node and show its answer.

    The command is signed with the node's key if the settings have one.
    """
    from edgewise.board.filesystem.tracebacks import located
    from edgewise.ota import Target, key_of
    from edgewise.urls import parse_broker

    broker_url = parse_broker(broker, ca, password_file=broker_password_file)
    answer = send(
        broker_url, Target(base, node, key_of(config, node)), verb, _parse(value), timeout
    )
    if json:
        emit_json(answer)
    elif "value" in answer:
        text = jsonlib.dumps(answer["value"], ensure_ascii=False, indent=2)
        typer.echo("\n".join(located(printable(line)) for line in text.split("\n")))
    else:
        typer.echo(f"{node}: done")


def _parse(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return jsonlib.loads(text)
    except ValueError:
        return text


def send(
    broker: BrokerUrl, target: Target, verb: str, value: Any, limit_s: float | None
) -> dict[str, Any]:
    """The answer of a node to a command; EdgewiseError if it refuses."""
    from edgewise.ota import order
    from edgewise.ota.refusals import with_cure
    from edgewise.ota.targets import connection

    with connection(broker) as client:
        answer = order(client, target, verb, value, limit_s)
    if not answer["ok"]:
        raise EdgewiseError(f"node {target.node}: {with_cure(str(answer['error']))}")
    return answer
