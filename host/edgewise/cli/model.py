"""edgewise model: which model a node runs, and the one before it."""

from __future__ import annotations

from typing import Any

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.options import Base, Broker, Ca, JsonFlag, NodeName
from edgewise.console import emit_json
from edgewise.errors import EdgewiseError

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
    node: NodeName, broker: Broker, ca: Ca = None, base: Base = "edgewise", json: JsonFlag = False
) -> None:
    """Show which model runs on a node and how the last push ended."""
    said = _ask_node(node, broker, ca, base, "status")["value"]
    if json:
        emit_json(said)
    else:
        typer.echo(f"{node}: {said['name']}, last push {_state(said)}")


def _state(said: dict[str, Any]) -> str:
    if said["state"] != "idle":
        return str(said["state"])
    if not said["counter"]:
        return "none"
    return f"rejected: {said['error']}" if said.get("error") else "confirmed"


@app.command(epilog=examples(_EXAMPLES[1]))
def rollback(node: NodeName, broker: Broker, ca: Ca = None, base: Base = "edgewise") -> None:
    """Go back to the model before the last update; the node restarts with it."""
    _ask_node(node, broker, ca, base, "rollback")
    typer.echo(f"{node}: restarts with the previous model")


def _ask_node(node: str, broker: str, ca: Any, base: str, value: str) -> dict[str, Any]:
    from edgewise.ota import ask
    from edgewise.ota.targets import connect
    from edgewise.urls import parse_broker

    client = connect(parse_broker(broker, ca))
    try:
        answer = ask(client, base, node, "model", value)
    finally:
        client.disconnect()
        client.loop_stop()
    if not answer["ok"]:
        raise EdgewiseError(f"node {node}: {answer['error']}")
    return answer
