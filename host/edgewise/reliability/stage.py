"""Disturb what is around the connection: the broker itself, the Wi-Fi, the name server."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from edgewise.reliability.behaviours import Freeze, Pass, Refuse
from edgewise.reliability.mosquitto import Mosquitto
from edgewise.reliability.names import NameServer
from edgewise.reliability.proxy import Proxy

__all__ = ["COLLECTOR", "BrokerAway", "NamesWrong", "NoWifi", "Stage", "set_world"]

COLLECTOR = "edgewise-collector"


class Stage:
    """The surroundings of one node: ``proxy``, ``broker`` and the name server ``names``.

    ``flash``: the folder of the node, with its clock and its Wi-Fi.
    """

    def __init__(self, broker: Mosquitto, rate: int) -> None:
        self.broker = broker
        self.names = NameServer()
        self.proxy = Proxy(broker.port, Pass(), rate, self.node_s)
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

    async def begin(self, proxy: Proxy) -> None:
        set_world(self._stage.flash, wifi=False)

    async def end(self, proxy: Proxy) -> None:
        set_world(self._stage.flash, wifi=True)


class BrokerAway(Refuse):
    """Mosquitto stops at the beginning and starts at the end.

    If it ``forgets`` its subscribers, the node stays away until the collector has subscribed:
    before that, mosquitto would acknowledge readings that nobody gets.
    """

    def __init__(self, stage: Stage, forgets: bool) -> None:
        super().__init__()
        self._broker = stage.broker
        self._forgets = forgets

    async def begin(self, proxy: Proxy) -> None:
        await self._broker.stop()
        await super().begin(proxy)

    async def end(self, proxy: Proxy) -> None:
        await self._broker.start()
        if self._forgets:
            await self._broker.wait_for_subscription(COLLECTOR)


class NamesWrong(Refuse):
    """The port of the broker is closed and the name server answers by ``mode``; see names.py."""

    counts = True

    def __init__(self, stage: Stage, mode: str) -> None:
        super().__init__()
        self._names = stage.names
        self._mode = mode
        self._queries_before = 0

    async def begin(self, proxy: Proxy) -> None:
        self._queries_before = self._names.queries
        self._names.mode = self._mode
        await super().begin(proxy)

    def has_acted(self) -> bool:
        return self._names.queries > self._queries_before

    async def end(self, proxy: Proxy) -> None:
        self.acts = self._names.queries - self._queries_before
        self._names.mode = "answer"
