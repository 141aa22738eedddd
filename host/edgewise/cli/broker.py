"""edgewise broker: an MQTT broker for first steps."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.console import say

EXAMPLES = ("edgewise broker", "edgewise broker --host 0.0.0.0 --port 1883")


def broker(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one")] = 1883,
) -> None:
    """Run a broker until Ctrl-C. It lets everybody in: for loopback and first steps."""
    from edgewise.broker import EmbeddedBroker
    from edgewise.cli.signals import wait_for_end

    with EmbeddedBroker(host, port) as running:
        say(f"broker at {running.url}, Ctrl-C ends it")
        wait_for_end()
