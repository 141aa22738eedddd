"""A TCP proxy between one node and its broker that does as its current behaviour says."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from edgewise.broker.free_port import HOST, bind, free_port
from edgewise.errors import OutsideError
from edgewise.reliability.packets import (
    CONNACK,
    CONNECT,
    PUBACK,
    PUBLISH,
    READINGS,
    Splitter,
    kind,
    pid,
    topic,
)

__all__ = ["Behaviour", "Link", "Proxy"]

_BYTES = 4096
_TRIES = 100


class Behaviour:
    """All passes. ``acts`` counts how often it meddled; ``over`` is set when another follows.

    ``counts``: False where it cannot see whether it met anything.
    """

    counts = True

    def __init__(self) -> None:
        self.acts = 0
        self.over = asyncio.Event()

    async def begin(self, proxy: Proxy) -> None:
        """It takes over; connections may be open."""
        await proxy.listen()

    async def end(self, proxy: Proxy) -> None:
        """Its time is up; it still is the proxy's behaviour."""

    async def accepted(self, link: Link) -> None:
        """The node has connected, the broker does not know it yet."""

    async def up(self, link: Link, packet: bytes) -> None:
        """A packet from the node."""
        await link.to_broker(packet)

    async def down(self, link: Link, packet: bytes) -> None:
        """A packet from the broker."""
        await link.deliver(packet)


class Proxy:
    """Listens on ``port`` for the node and connects to ``broker_port`` for it.

    ``rate``: the node's seconds in one of ours; ``node_s``: what its clock shows. Counted:
    ``connects`` that the node saw accepted, ``attempts``: CONNECTs that it sent; ``acks``: when it
    got the PUBACK of a message with readings, on its clock.
    """

    def __init__(
        self,
        broker_port: int,
        behaviour: Behaviour,
        rate: int = 1,
        node_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = free_port()
        self.broker_port = broker_port
        self.behaviour = behaviour
        self.rate = rate
        self.node_s = node_s
        self.attempts = self.connects = 0
        self.acks: list[float] = []
        self._links: set[Link] = set()
        self._held: list[socket.socket] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Proxy:
        await self.behaviour.begin(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()
        self._release()
        links = [link.task for link in self._links if link.task]
        for task in links:
            task.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def become(self, behaviour: Behaviour) -> None:
        """From now on ``behaviour``, for the connections that are open too."""
        before, self.behaviour = self.behaviour, behaviour
        await behaviour.begin(self)
        before.over.set()

    async def sleep(self, node_s: float) -> None:
        """Wait as long as the node waits for ``node_s``."""
        await asyncio.sleep(node_s / self.rate)

    def cut(self, reset: bool = False) -> int:
        """End all connections, with RST or with FIN; returns how many there were."""
        for link in list(self._links):
            link.cut(reset)
        return len(self._links)

    async def listen(self) -> None:
        """Take connections; nothing happens when it does already."""
        if self._server is None:
            self._release()
            self._server = await asyncio.start_server(self._on_accept, sock=bind(self.port))

    def refuse(self) -> None:
        """Take no connections: RST answers a SYN."""
        self._release()
        self._held = [bind(self.port)]

    async def ignore(self) -> None:
        """Answer no SYN: the queue of those who wait to be accepted is full."""
        self.refuse()
        self._held[0].listen(0)
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES):
            client = socket.socket()
            client.setblocking(False)
            self._held.append(client)
            try:
                await asyncio.wait_for(loop.sock_connect(client, (HOST, self.port)), 0.1)
            except TimeoutError:
                return
        raise OutsideError("the queue of a listening socket has no end here: use Linux")

    def _release(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for held in self._held:
            held.close()
        self._held = []

    async def _on_accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)


class Link:
    """One connection of the node, and the one to the broker that belongs to it.

    ``seen`` is for the behaviour: packets that it looked for; ``injected`` are the ids of packets
    that the broker does not know of, their PUBACKs end here.
    """

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.proxy = proxy
        self.seen = 0
        self.injected: set[int] = set()
        self.task = asyncio.current_task()
        self._node = reader, writer
        self._broker: asyncio.StreamWriter | None = None
        self._readings: set[int] = set()
        self._ended = False

    async def run(self) -> None:
        """Carry packets both ways until either side ends, or cut() does."""
        with suppress(OSError):
            await self.proxy.behaviour.accepted(self)
            reader, self._broker = await asyncio.open_connection(HOST, self.proxy.broker_port)
            pumps = [
                asyncio.create_task(self._pump_up(self._node[0])),
                asyncio.create_task(self._pump_down(reader)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        self.cut()

    def cut(self, reset: bool = False) -> None:
        """End it on both sides, towards the node with RST or with FIN."""
        writer = self._node[1]
        if reset and not writer.is_closing():
            # l_onoff 1, l_linger 0: close() sends RST
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        writer.close()
        if self._broker is not None:
            self._broker.close()

    def half_close(self) -> None:
        """FIN to the node; what it sends is still read."""
        self._ended = True
        self._node[1].write_eof()

    async def to_node(self, data: bytes) -> None:
        """Send ``data`` to the node as it is."""
        if not self._ended:
            self._node[1].write(data)
            await self._node[1].drain()

    async def deliver(self, packet: bytes) -> None:
        """Send a whole packet to the node."""
        await self.to_node(packet)
        self.note(packet)

    async def to_broker(self, data: bytes) -> None:
        """Send ``data`` to the broker as it is."""
        if self._broker is not None:
            self._broker.write(data)
            await self._broker.drain()

    async def closed_by_node(self) -> None:
        """Until the node has ended the connection; what it says is thrown away."""
        while await self._node[0].read(_BYTES):
            pass

    def note(self, packet: bytes) -> None:
        """Count a packet that the node has been given whole."""
        if self._ended:
            return
        if kind(packet) == CONNACK and not packet[3]:
            self.proxy.connects += 1
        elif kind(packet) == PUBACK and pid(packet) in self._readings:
            self.proxy.acks.append(self.proxy.node_s())

    async def _pump_up(self, reader: asyncio.StreamReader) -> None:
        splitter = Splitter()
        while data := await reader.read(_BYTES):
            for packet in splitter.push(data):
                if kind(packet) == CONNECT:
                    self.proxy.attempts += 1
                elif kind(packet) == PUBLISH and topic(packet).rsplit("/", 1)[-1] in READINGS:
                    self._readings.add(pid(packet))
                if kind(packet) != PUBACK or pid(packet) not in self.injected:
                    await self.proxy.behaviour.up(self, packet)

    async def _pump_down(self, reader: asyncio.StreamReader) -> None:
        splitter = Splitter()
        while data := await reader.read(_BYTES):
            for packet in splitter.push(data):
                await self.proxy.behaviour.down(self, packet)
