"""The behaviours of a proxy. Each lasts for a time and changes how the proxy listens, what happens
to connections, or what happens to every packet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from edgewise.reliability.packets import CONNACK, CONNECT, PINGRESP, PUBACK
from edgewise.reliability.proxy import Behaviour, Link, Relay
from edgewise.reliability.talks import ANSWER

__all__ = [
    "Action",
    "Behaviour",
    "Delay",
    "Drip",
    "Freeze",
    "Ignore",
    "On",
    "Pass",
    "Refuse",
    "Silent",
]

_FROM_BROKER = (CONNACK, PUBACK, PINGRESP, ANSWER)

Send = Callable[[bytes], Awaitable[None]]


class Pass(Behaviour):
    """Everything passes."""

    counts = False


class Refuse(Behaviour):
    """The port is closed: connections end, new ones are refused."""

    counts = False

    async def begin(self, proxy: Relay) -> None:
        proxy.cut()
        proxy.refuse()


class Freeze(Behaviour):
    """Connections stay open, but nothing passes; all waiting packets pass when it ends."""

    async def up(self, link: Link, packet: bytes) -> None:
        await self._wait()
        await link.proxy.behaviour.up(link, packet)

    async def down(self, link: Link, packet: bytes) -> None:
        await self._wait()
        await link.proxy.behaviour.down(link, packet)

    async def _wait(self) -> None:
        self.acts += 1
        await self.over.wait()


class Ignore(Freeze):
    """Nothing passes and no SYN is answered, as with a firewall that drops packets."""

    counts = False

    async def begin(self, proxy: Relay) -> None:
        await proxy.ignore()


class Silent(Behaviour):
    """Connections are accepted, but nothing is ever answered."""

    async def begin(self, proxy: Relay) -> None:
        proxy.cut()
        await proxy.listen()

    async def on_accept(self, link: Link) -> None:
        self.acts += 1
        await link.closed_by_node()
        raise ConnectionAbortedError


class Delay(Behaviour):
    """Everything from the broker comes ``node_s`` seconds of the node later, in the same order."""

    def __init__(self, node_s: float) -> None:
        super().__init__()
        self._node_s = node_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def down(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        task = asyncio.create_task(self._deliver_later(link, packet))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_later(self, link: Link, packet: bytes) -> None:
        await link.proxy.sleep(self._node_s)
        with suppress(OSError):
            await link.deliver(packet)

    async def end(self, proxy: Relay) -> None:
        await asyncio.gather(*self._tasks)


class Drip(Behaviour):
    """Bytes pass one at a time, both ways, ``node_s`` seconds of the node apart."""

    def __init__(self, node_s: float) -> None:
        super().__init__()
        self._node_s = node_s

    async def up(self, link: Link, packet: bytes) -> None:
        await self._drip(link, packet, link.to_broker)

    async def down(self, link: Link, packet: bytes) -> None:
        await self._drip(link, packet, link.to_node)
        link.note(packet)

    async def _drip(self, link: Link, packet: bytes, send: Send) -> None:
        self.acts += 1
        for i in range(len(packet)):
            await send(packet[i : i + 1])
            await link.proxy.sleep(self._node_s)


class On(Behaviour):
    """``action`` takes the place of each packet of the kind ``packet_kind``.

    The kind decides whether these packets come from the broker or from the node. The first
    ``skip`` packets of a connection pass. With CONNECT or CONNACK, open connections end at the
    start, because such packets come only in new ones.
    """

    def __init__(self, packet_kind: int, action: Action, skip: int = 0) -> None:
        super().__init__()
        self._kind = packet_kind
        self._action = action
        self._skip = skip

    async def begin(self, proxy: Relay) -> None:
        await proxy.listen()
        if self._kind in (CONNECT, CONNACK):
            proxy.cut()

    async def up(self, link: Link, packet: bytes) -> None:
        is_target = self._kind not in _FROM_BROKER and self._is_target(link, packet)
        await (self._act(link, packet) if is_target else link.to_broker(packet))

    async def down(self, link: Link, packet: bytes) -> None:
        is_target = self._kind in _FROM_BROKER and self._is_target(link, packet)
        await (self._act(link, packet) if is_target else link.deliver(packet))

    def _is_target(self, link: Link, packet: bytes) -> bool:
        if link.talk.kind(packet) != self._kind:
            return False
        link.matches += 1
        return link.matches > self._skip

    async def _act(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        await self._action(self, link, packet)

    def sender(self, link: Link) -> Send:
        """Return the function that sends packets of this kind on."""
        return link.to_node if self._kind in _FROM_BROKER else link.to_broker


Action = Callable[[On, Link, bytes], Awaitable[None]]
