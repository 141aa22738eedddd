"""``edgewise command``: send a command to a node, signed with its key."""

from __future__ import annotations

import json as jsonlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgewise.cli.node_names import DbOrNone, NodesOption, names_reader, resolve_nodes
from edgewise.cli.options import (
    DB_ENV,
    Base,
    Broker,
    BrokerPasswordFile,
    Ca,
    DbPasswordFile,
    JsonFlag,
    KeyConfig,
    Timeout,
)
from edgewise.console import emit_json, printable, say
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

    from edgewise.ota import Target
    from edgewise.urls import BrokerUrl

__all__ = ["EXAMPLES", "command", "send"]

EXAMPLES = (
    "edgewise command diag --node a1b2c3 --broker mqtt://localhost",
    "edgewise command period 30000 --node a1b2c3 --broker mqtt://localhost",
    "edgewise command learn reset --node a1b2c3 --broker mqtt://localhost",
    """edgewise command actuator '{"fan": "off"}' --node a1b2c3 --broker mqtt://localhost""",
    """edgewise command config '{"confirm": {"need": 2, "of": 3}}' --node a1b2c3 """
    "--broker mqtt://localhost",
    "edgewise command period 30000 --node room:lab --db sqlite:///edgewise.db "
    "--broker mqtt://localhost",
)
_Verb = Literal[
    "ping", "diag", "log", "config", "period", "reboot", "safe", "actuator", "model", "learn"
]


def command(
    verb: Annotated[_Verb, typer.Argument(help="What to do; docs/node.md lists the values")],
    node: NodesOption,
    broker: Broker,
    value: Annotated[
        str | None, typer.Argument(metavar="[VALUE]", help="JSON, or a word such as on")
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    config: KeyConfig = Path("node.toml"),
    ca: Ca = None,
    base: Base = "edgewise",
    db: DbOrNone = None,
    db_password_file: DbPasswordFile = None,
    timeout: Timeout = None,
    json: JsonFlag = False,
) -> None:
    """Send a command to a node, to the nodes of a room or to all, and show the answers.

    The command is signed with the node's key if the settings have one. Of several nodes those
    that the broker reports offline get nothing. Exit code 0: every node has answered.
    """
    from edgewise.ota import Target, key_of
    from edgewise.ota.targets import connection
    from edgewise.urls import parse_broker

    named = resolve_nodes(node, db, db_password_file)
    broker_url = parse_broker(broker, ca, password_file=broker_password_file)

    def target(name: str) -> Target:
        return Target(base, name, key_of(config, name))

    if named == [node]:
        answer = send(broker_url, target(node), verb, _parse(value), timeout)
        if json:
            emit_json(answer)
        else:
            _show(node, answer)
        return
    names = names_reader(db or os.environ.get(DB_ENV), db_password_file)()
    full = {name: known.full for name, known in names.items()}
    with connection(broker_url) as client:
        targets = _targets(client, base, named, target)
        answers = {}
        for name, one in targets.items():
            answers[name] = _answer(client, one, verb, _parse(value), timeout)
            if not answers[name]["ok"]:
                say(f"{full.get(name, name)}: {answers[name]['error']}")
            elif not json:
                _show(full.get(name, name), answers[name], is_named=True)
    if json:
        emit_json({"nodes": answers})
    if failed := [name for name, answer in answers.items() if not answer["ok"]]:
        raise EdgewiseError(
            f"{len(failed)} of {len(answers)} nodes did not obey: {', '.join(failed)}: "
            "see the reasons above"
        )


def _targets(
    client: mqtt.Client, base: str, named: list[str], target: Callable[[str], Target]
) -> dict[str, Target | None]:
    # Node -> where to send, None for one that is offline; all nodes where none are named.
    from edgewise.ota import statuses

    known = statuses(client, base)
    names = named or list(known)
    if not names:
        raise EdgewiseError(f"no node is known below {base}: check --broker and --base")
    return {name: None if known.get(name) == "offline" else target(name) for name in names}


def _answer(
    client: mqtt.Client, target: Target | None, verb: str, value: Any, limit_s: float | None
) -> dict[str, Any]:
    # The answer of one of several nodes; the others go on where one gives none.
    from edgewise.ota import order
    from edgewise.ota.refusals import with_cure

    if target is None:
        return {"ok": False, "error": "offline, nothing sent"}
    try:
        answer = order(client, target, verb, value, limit_s)
    except EdgewiseError as e:
        return {"ok": False, "error": str(e).removeprefix(f"node {target.node}: ")}
    if not answer["ok"]:
        answer["error"] = with_cure(str(answer["error"]))
    return answer


def _show(name: str, answer: dict[str, Any], is_named: bool = False) -> None:
    from edgewise.board.filesystem.tracebacks import locate

    if "value" not in answer:
        typer.echo(printable(f"{name}: done"))
        return
    if is_named:
        typer.echo(printable(f"{name}:"))
    text = jsonlib.dumps(answer["value"], ensure_ascii=False, indent=2)
    typer.echo("\n".join(locate(printable(line)) for line in text.split("\n")))


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
