"""Measure how fast a backlog goes into mosquitto on loopback once the network is back."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from edgewise.errors import OutsideError
from edgewise.mqtt import MqttClient
from edgewise.package.store import Package
from edgewise.reliability.mosquitto import Mosquitto
from edgewise.reliability.run import flat_log, simulate_node
from edgewise.reliability.stage import set_world
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import BrokerUrl

__all__ = ["TARGET_PER_S", "Drained", "drain"]

TARGET_PER_S = 1000
_FAST_RATE = 500  # the node's clock against real time, while the backlog grows
_PERIOD_MS = 2000
_LIMIT_S = 600.0
_STILL_S = 60.0  # without a message: nothing more comes
_POLL_S = 0.02
_SEQ = re.compile(rb'"seq":(\d+)')


@dataclass(frozen=True)
class Drained:
    """``readings``: those that a subscriber got in ``seconds``; ``lost``: those that the node took
    and the subscriber did not get."""

    readings: int
    lost: int
    seconds: float
    per_s: int

    def as_dict(self) -> dict[str, Any]:
        """Return all fields for JSON."""
        return asdict(self)


class _Subscriber:
    # Collects the numbers of the readings and the times of the first and the last message.
    def __init__(self, broker: BrokerUrl) -> None:
        self.seqs: set[int] = set()
        self.first_s = self.last_s = 0.0
        self._client = MqttClient(broker)
        self._client.on_message = self._message
        self._client.on_connect = lambda client, *_: client.subscribe("edgewise/+/+", 1)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.rsplit("/", 1)[-1] in ("state", "replay"):
            self.last_s = time.monotonic()
            self.first_s = self.first_s or self.last_s
            self.seqs |= {int(n) for n in _SEQ.findall(message.payload)}

    async def receive_rest(self) -> None:
        """Wait for what the broker has not delivered yet."""
        still_since_s = time.monotonic()
        while len(self.seqs) < max(self.seqs, default=1):
            if time.monotonic() - max(self.last_s, still_since_s) > _STILL_S:
                return
            await asyncio.sleep(_POLL_S)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


async def drain(package: Package, readings: int, config: dict[str, Any]) -> Drained:
    """Let one node take ``readings`` without Wi-Fi, then measure how fast it sends them.

    ``config``: settings of the node; its outbox must have room for all readings.
    """
    world = {"EDGEWISE_SIM_RATE": str(_FAST_RATE)}
    with tempfile.TemporaryDirectory(prefix="edgewise-drain-") as name:
        async with Mosquitto(Path(name)) as broker:
            subscriber = _Subscriber(BrokerUrl("127.0.0.1", broker.port))
            log = flat_log(readings, _PERIOD_MS)
            with simulate_node(package, broker.port, config, log, world) as node:
                set_world(node.flash, wifi=False)
                await _wait_until(node, lambda: "world: the feed has ended" in node.lines)
                set_world(node.flash, wifi=True, rate=1)
                await _wait_until(node, lambda: node.wait(0))
            await subscriber.receive_rest()
            subscriber.stop()
    last_seq = max(subscriber.seqs, default=0)
    seconds = max(subscriber.last_s - subscriber.first_s, 1e-9)
    count = len(subscriber.seqs)
    return Drained(count, last_seq - count, round(seconds, 2), round(count / seconds))


async def _wait_until(node: SimulatedNode, is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_S
    while not is_done():
        if time.monotonic() > end or (node.wait(0) and not is_done()):
            line = node.lines[-1] if node.lines else "nothing"
            raise OutsideError(f"the backlog does not drain, the node said {line}: run it again")
        await asyncio.sleep(_POLL_S)
