"""edgewise ha: nodes as devices of Home Assistant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import Base, Broker, Ca, JsonFlag, NodeOrAll, examples
from edgewise.console import emit_json, say
from edgewise.errors import OutsideError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

_EXAMPLES = (
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --stay",
    "edgewise ha publish --model models/mine --broker mqtt://pi.local --node attic "
    "--config nodes/attic.toml",
    "edgewise ha clean --broker mqtt://pi.local --node attic",
)
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Make nodes devices of Home Assistant, which finds them by itself.",
    epilog=examples(*_EXAMPLES),
)
_BUFFER_READINGS = 228  # that a sleeping node keeps in RTC memory before it must tell
_MISSED = 2.5  # periods


@app.command(epilog=examples(*_EXAMPLES[:2]))
def publish(
    broker: Broker,
    model: Annotated[Path, typer.Option(help="Model package: the classes it can say.")],
    node: NodeOrAll = "all",
    config: Annotated[
        Path | None, typer.Option(help="The node's settings; needed when it sleeps.")
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Go on, and say it again when Home Assistant starts.")
    ] = False,
    ca: Ca = None,
    base: Base = "edgewise",
    json: JsonFlag = False,
) -> None:
    """Announce nodes; what the broker keeps of them stays when this command has ended."""
    from edgewise import homeassistant as ha
    from edgewise import package
    from edgewise.cli.signals import wait_for_end

    loaded = package.load(model)
    expire_s = _expire_s(config, loaded.period_ms) if config else None
    if node != "all":
        ha.config_topic(node)
    with _connected(broker, ca) as client:
        nodes = ha.seen(client, base) if node == "all" else [node]
        if not nodes:
            raise OutsideError(f"no node below {base}/ has said anything yet: name it with --node")
        devices = {
            name: ha.discovery(name, loaded.classes, base, loaded.info["name"], expire_s)
            for name in nodes
        }
        ha.publish(client, devices)
        for name in nodes:
            say(f"announced: {name}")
        if json:
            emit_json({"announced": nodes})
        if stay:
            with ha.again_at_birth(client, devices, lambda: say("announced again")):
                wait_for_end()


@app.command(epilog=examples(_EXAMPLES[2]))
def clean(
    broker: Broker,
    node: NodeOrAll,
    ca: Ca = None,
    base: Base = "edgewise",
    json: JsonFlag = False,
) -> None:
    """Take the announcement back: the device is gone from Home Assistant."""
    from edgewise import homeassistant as ha

    with _connected(broker, ca) as client:
        nodes = ha.announced(client, base) if node == "all" else [node]
        for name in nodes:
            ha.clean(client, name)
            say(f"taken back: {name}")
    if json:
        emit_json({"taken_back": nodes})


def _expire_s(config: Path, period_ms: int) -> int | None:
    from edgewise import settings

    full = settings.complete(settings.load(config))
    if not full["sleep"]:
        return None
    readings = full["report_every"] or _BUFFER_READINGS
    return int(_MISSED * readings * (full["period_ms"] or period_ms) / 1000)


@contextmanager
def _connected(broker: str, ca: Path | None) -> Iterator[mqtt.Client]:
    from edgewise.pushing.targets import connect
    from edgewise.urls import parse_broker

    client = connect(parse_broker(broker, ca))
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
