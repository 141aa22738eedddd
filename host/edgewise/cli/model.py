"""``edgewise model``: show the model of a node, or go back to the previous one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from edgewise.cli.command import send
from edgewise.cli.help import examples, make_app
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

_EXAMPLES = (
    "edgewise model status --node a1b2c3 --broker mqtt://localhost",
    "edgewise model rollback --node a1b2c3 --broker mqtt://localhost",
)
app = make_app(*_EXAMPLES, no_args_is_help=True)


@app.callback()
def model() -> None:
    """Show a node's model, or roll back to the one before it."""


@app.command(epilog=examples(_EXAMPLES[0]))
def status(
    node: NodeName,
    broker: Broker,
    broker_password_file: BrokerPasswordFile = None,
    ca: Ca = None,
    base: Base = "edgewise",
    timeout: Timeout = None,
    json: JsonFlag = False,
) -> None:
    """Show which model runs on a node and how the last push ended."""
    from edgewise.ota import Target
    from edgewise.urls import parse_broker

    broker_url = parse_broker(broker, ca, password_file=broker_password_file)
    model_status = send(broker_url, Target(base, node, ""), "model", "status", timeout)["value"]
    if json:
        emit_json(model_status)
    else:
        text = f"{node}: {model_status['name']}, last push {_last_push(model_status)}"
        typer.echo(printable(text))


def _last_push(model_status: dict[str, Any]) -> str:
    if model_status["state"] != "idle":
        return str(model_status["state"])
    if not model_status["counter"]:
        return "none"
    return f"rejected: {model_status['error']}" if model_status.get("error") else "confirmed"


@app.command(epilog=examples(_EXAMPLES[1]))
def rollback(
    node: NodeName,
    broker: Broker,
    broker_password_file: BrokerPasswordFile = None,
    config: KeyConfig = Path("node.toml"),
    ca: Ca = None,
    base: Base = "edgewise",
    timeout: Timeout = None,
) -> None:
    """Go back to the model before the last update; the node restarts with it.

    The order is signed with the node's key if the settings have one.
    """
    from edgewise.ota import Target, key_of
    from edgewise.urls import parse_broker

    broker_url = parse_broker(broker, ca, password_file=broker_password_file)
    send(broker_url, Target(base, node, key_of(config, node)), "model", "rollback", timeout)
    typer.echo(f"{node}: restarts with the previous model")
