"""A UDP proxy between one node and its server, and what happens to datagrams alone."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from edgewise.broker.free_port import HOST
from edgewise.reliability.proxy import Behaviour, Link, Relay

__all__ = ["DatagramProxy", "Double", "Lose", "Scatter"]

Address = tuple[str, int]
Send = Callable[[bytes], Awaitable[None]]


class DatagramProxy(Relay, asyncio.DatagramProtocol):
    """Listens for datagrams, and has a socket to the server for each port of the node."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._links: dict[Address, DatagramLink] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def listen(self) -> None:
        if self._transport is None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(HOST, self.port)
            )

    def refuse(self) -> None:
        # the system answers that nobody is there
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def cut(self, reset: bool = False) -> int:
        links = list(self._links.values())
        for link in links:
            link.cut()
        self._links.clear()
        return len(links)

    def datagram_received(self, data: bytes, address: Address) -> None:
        """A datagram comes from the node."""
        if address not in self._links:
            self._links[address] = DatagramLink(self, address)
        link = self._links[address]
        link.talk.note_up(data)
        self.start(self.behaviour.up(link, data))

    def start(self, coroutine: Any) -> None:
        """Let a datagram go its way, however long that is."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def send(self, data: bytes, address: Address) -> None:
        """Send a datagram to the node."""
        if self._transport is not None:
            self._transport.sendto(data, address)


class DatagramLink(Link):
    """What one port of the node sends, and the socket to the server that belongs to it."""

    def __init__(self, proxy: DatagramProxy, address: Address) -> None:
        super().__init__(proxy)
        self._proxy, self._address = proxy, address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect((HOST, proxy.broker_port))
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        with suppress(OSError):  # the server is away
            data = self._socket.recv(65536)
            self._proxy.start(self._proxy.behaviour.down(self, data))

    async def to_node(self, data: bytes) -> None:
        self._proxy.send(data, self._address)

    async def to_broker(self, data: bytes) -> None:
        with suppress(OSError):
            self._socket.send(data)

    def cut(self, reset: bool = False) -> None:
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()


class Lose(Behaviour):
    """A ``share`` of the datagrams gets lost, both ways, drawn with ``seed``."""

    def __init__(self, share: float, seed: int = 5) -> None:
        super().__init__()
        self._share = share
        self._random = random.Random(seed)

    def _is_lost(self) -> bool:
        is_lost = self._random.random() < self._share
        self.acts += is_lost
        return is_lost

    async def up(self, link: Link, packet: bytes) -> None:
        if not self._is_lost():
            await link.to_broker(packet)

    async def down(self, link: Link, packet: bytes) -> None:
        if not self._is_lost():
            await link.deliver(packet)


class Double(Behaviour):
    """Each datagram comes twice, both ways."""

    async def up(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        await link.to_broker(packet)
        await link.to_broker(packet)

    async def down(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        await link.deliver(packet)
        await link.to_node(packet)


class Scatter(Behaviour):
    """Each datagram comes twice, up to ``node_s`` seconds of the node late, in any order."""

    def __init__(self, node_s: float, seed: int = 6) -> None:
        super().__init__()
        self._node_s = node_s
        self._random = random.Random(seed)

    async def up(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        await asyncio.gather(*(self._send_late(link, link.to_broker, packet) for _ in range(2)))

    async def down(self, link: Link, packet: bytes) -> None:
        self.acts += 1
        ways = (link.deliver, link.to_node)
        await asyncio.gather(*(self._send_late(link, send, packet) for send in ways))

    async def _send_late(self, link: Link, send: Send, packet: bytes) -> None:
        await link.proxy.sleep(self._random.uniform(0, self._node_s))
        await send(packet)
