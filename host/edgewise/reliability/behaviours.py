"""What a proxy may do as long as it lasts: to listening, to connections, to every packet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from edgewise.reliability.packets import CONNACK, CONNECT, PINGRESP, PUBACK, kind
from edgewise.reliability.proxy import Behaviour, Link, Proxy

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

_FROM_BROKER = (CONNACK, PUBACK, PINGRESP)

Send = Callable[[bytes], Awaitable[None]]


class Pass(Behaviour):
    """All passes."""

    counts = False


class Refuse(Behaviour):
    """Nobody listens any more: connections end, new ones are refused."""

    counts = False

    async def begin(self, proxy: Proxy) -> None:
        proxy.cut()
        proxy.refuse()


class Freeze(Behaviour):
    """What is connected stays so, but nothing passes; when it is over all of that does."""

    async def up(self, link: Link, packet: bytes) -> None:
        await self._hold()
        await link.proxy.behaviour.up(link, packet)

    async def down(self, link: Link, packet: bytes) -> None:
        await self._hold()
        await link.proxy.behaviour.down(link, packet)

    async def _hold(self) -> None:
        self.acts += 1
        await self.over.wait()


class Ignore(Freeze):
    """As a firewall that drops: nothing passes and no SYN is answered."""

    counts = False

    async def begin(self, proxy: Proxy) -> None:
        await proxy.ignore()


class Silent(Behaviour):
    """Connections are accepted and nothing is ever answered."""

    async def begin(self, proxy: Proxy) -> None:
        proxy.cut()
        await proxy.listen()

    async def accepted(self, link: Link) -> None:
        self.acts += 1
        await link.closed_by_node()
        raise ConnectionAbortedError


class Delay(Behaviour):
    """Everything from the broker comes ``node_s`` later, in its order."""

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

    async def end(self, proxy: Proxy) -> None:
        await asyncio.gather(*self._tasks)


class Drip(Behaviour):
    """Both ways one byte at a time, ``node_s`` apart."""

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
    """``action`` takes the place of each packet of one kind, from the broker or from the node
    as the kind says; the first ``skip`` of a connection pass. One that meets connections as they
    begin ends those that are open."""

    def __init__(self, what: int, action: Action, skip: int = 0) -> None:
        super().__init__()
        self._what = what
        self._action = action
        self._skip = skip

    async def begin(self, proxy: Proxy) -> None:
        await proxy.listen()
        if self._what in (CONNECT, CONNACK):
            proxy.cut()

    async def up(self, link: Link, packet: bytes) -> None:
        strikes = self._what not in _FROM_BROKER and self._is_meant(link, packet)
        await (self._act(link, packet) if strikes else link.to_broker(packet))

    async def down(self, link: Link, packet: bytes) -> None:
        strikes = self._what in _FROM_BROKER and self._is_meant(link, packet)
        await (self._act(link, packet) if strikes else link.deliver(packet))

    def _is_meant(self, link: Link, packet: bytes) -> bool:
        if kind(packet) != self._what:
            return False
        link.seen += 1
        return link.seen > self._skip

    async def _act(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        await self._action(self, link, packet)

    def sender(self, link: Link) -> Send:
        """Where the packets of this kind go."""
        return link.to_node if self._what in _FROM_BROKER else link.to_broker


Action = Callable[[On, Link, bytes], Awaitable[None]]
