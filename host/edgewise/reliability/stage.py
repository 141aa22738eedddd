"""Disturb what is around the connection: the broker itself, the Wi-Fi, the name server."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewise.reliability.behaviours import Freeze, Pass, Refuse
from edgewise.reliability.datagrams import DatagramProxy
from edgewise.reliability.mosquitto import Mosquitto
from edgewise.reliability.names import NameServer
from edgewise.reliability.proxy import Proxy, Relay
from edgewise.reliability.server import Server
from edgewise.reliability.talks import CoapTalk, Counter, HttpTalk, MqttTalk, Talk

__all__ = ["COLLECTOR", "BrokerAway", "NamesWrong", "NoWifi", "Stage", "set_world"]

COLLECTOR = "edgewise-collector"
_RELAYS: dict[str, tuple[type[Relay], Callable[[Counter], Talk]]] = {
    "mqtt": (Proxy, MqttTalk),
    "http": (Proxy, HttpTalk),
    "coap": (DatagramProxy, CoapTalk),
}


class Stage:
    """The surroundings of one node: ``proxy``, ``broker`` and the name server ``names``.

    ``broker``: what the node sends to, by ``uplink``. ``flash``: the folder of the node, with its
    clock and its Wi-Fi.
    """

    def __init__(self, broker: Mosquitto | Server, rate: int, uplink: str = "mqtt") -> None:
        self.broker = broker
        self.names = NameServer()
        relay, talk = _RELAYS[uplink]
        self.proxy = relay(broker.port, Pass(), rate, self.node_s, talk)
        self.flash = Path()  # of the node, once it runs

    def node_s(self) -> float:
        """Return the seconds on the node's clock, 0 before it runs; see board/edgewise_sim.py."""
        try:
            (ms,) = struct.unpack_from("<q", (self.flash / "clock").read_bytes())
        except (OSError, struct.error):
            return 0.0
        return float(ms / 1000)

    async def __aenter__(self) -> Stage:
        self.names_port = await self.names.start()
        await self.proxy.__aenter__()
        return self

    async def __aexit__(self, *what: Any) -> None:
        await self.proxy.__aexit__(*what)
        self.names.stop()


def set_world(flash: Path, wifi: bool, rate: int | None = None) -> None:
    """Turn the Wi-Fi of the node with this ``flash`` on or off.

    ``rate``: a new rate of its clock. See board/edgewise_sim.py.
    """
    part = flash / "world.new"
    part.write_text(f"{wifi:d}" + (f" {rate}" if rate else ""))
    part.rename(flash / "world")


class NoWifi(Freeze):
    """The Wi-Fi of the node is off, so no packet passes."""

    counts = False  # a node that notices it at once sends no packets

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    async def begin(self, proxy: Relay) -> None:
        set_world(self._stage.flash, wifi=False)

    async def end(self, proxy: Relay) -> None:
        set_world(self._stage.flash, wifi=True)


class BrokerAway(Refuse):
    """Mosquitto, or the server, stops at the beginning and starts at the end.

    If mosquitto ``forgets`` its subscribers, the node stays away until the collector has
    subscribed: before that, mosquitto would acknowledge readings that nobody gets.
    """

    def __init__(self, stage: Stage, forgets: bool = False) -> None:
        super().__init__()
        self._broker = stage.broker
        self._forgets = forgets

    async def begin(self, proxy: Relay) -> None:
        await self._broker.stop()
        await super().begin(proxy)

    async def end(self, proxy: Relay) -> None:
        await self._broker.start()
        if self._forgets and isinstance(self._broker, Mosquitto):
            await self._broker.wait_for_subscription(COLLECTOR)


class NamesWrong(Refuse):
    """The port of the broker is closed and the name server answers by ``mode``; see names.py."""

    counts = True

    def __init__(self, stage: Stage, mode: str) -> None:
        super().__init__()
        self._names = stage.names
        self._mode = mode
        self._queries_before = 0

    async def begin(self, proxy: Relay) -> None:
        self._queries_before = self._names.queries
        self._names.mode = self._mode
        await super().begin(proxy)

    def has_acted(self) -> bool:
        return self._names.queries > self._queries_before

    async def end(self, proxy: Relay) -> None:
        self.acts = self._names.queries - self._queries_before
        self._names.mode = "answer"
