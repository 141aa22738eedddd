"""A TCP proxy between one node and its broker. Its current behaviour decides what it does."""

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
    """The base of all behaviours: everything passes.

    ``acts`` counts how often it changed something; ``over`` is set when another behaviour
    follows. ``counts`` is False where it cannot count that.
    """

    counts = True

    def __init__(self) -> None:
        self.acts = 0
        self.over = asyncio.Event()

    def has_acted(self) -> bool:
        """Whether it has changed something."""
        return self.acts > 0

    async def begin(self, proxy: Proxy) -> None:
        """The behaviour begins; connections may be open."""
        await proxy.listen()

    async def end(self, proxy: Proxy) -> None:
        """The time of the behaviour is over, but it still is the behaviour of the proxy."""

    async def on_accept(self, link: Link) -> None:
        """The node has connected to the proxy, which has not yet connected to the broker."""

    async def up(self, link: Link, packet: bytes) -> None:
        """A packet comes from the node."""
        await link.to_broker(packet)

    async def down(self, link: Link, packet: bytes) -> None:
        """A packet comes from the broker."""
        await link.deliver(packet)


class Proxy:
    """Listens on ``port`` for the node and connects to ``broker_port`` for it.

    ``rate``: seconds of the node in one real second; ``node_s``: returns the time on the node's
    clock. ``attempts``: number of CONNECTs that the node sent; ``connects``: number of CONNACKs
    that accepted it; ``acks``: times on the node's clock when it got the PUBACK of a message with
    readings.
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
        self._sockets: list[socket.socket] = []  # without accept(), to refuse or ignore
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
        """Change to ``behaviour``, also for open connections."""
        before, self.behaviour = self.behaviour, behaviour
        await behaviour.begin(self)
        before.over.set()

    async def sleep(self, node_s: float) -> None:
        """Wait for ``node_s`` seconds of the node."""
        await asyncio.sleep(node_s / self.rate)

    def cut(self, reset: bool = False) -> int:
        """End all connections, with RST or with FIN; returns their number."""
        for link in list(self._links):
            link.cut(reset)
        return len(self._links)

    async def listen(self) -> None:
        """Accept connections from now on."""
        if self._server is None:
            self._release()
            self._server = await asyncio.start_server(self._on_accept, sock=bind(self.port))

    def refuse(self) -> None:
        """Refuse connections: RST answers a SYN."""
        self._release()
        self._sockets = [bind(self.port)]

    async def ignore(self) -> None:
        """Answer no SYN: the queue of connections to accept is full."""
        self.refuse()
        self._sockets[0].listen(0)
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES):
            client = socket.socket()
            client.setblocking(False)
            self._sockets.append(client)
            try:
                await asyncio.wait_for(loop.sock_connect(client, (HOST, self.port)), 0.1)
            except TimeoutError:
                return
        raise OutsideError("the queue of a listening socket has no end here: use Linux")

    def _release(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    async def _on_accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)


class Link:
    """One connection of the node, and the connection to the broker that belongs to it.

    ``matches``: number of packets of the kind that the behaviour `On` looks for; ``injected``: ids
    of packets that do not come from the broker, so their PUBACKs do not go to it.
    """

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.proxy = proxy
        self.matches = 0
        self.injected: set[int] = set()
        self.task = asyncio.current_task()
        self._node = reader, writer
        self._broker: asyncio.StreamWriter | None = None
        self._reading_ids: set[int] = set()  # packet ids of messages with readings
        self._is_half_closed = False

    async def run(self) -> None:
        """Carry packets both ways until one side or cut() ends the connection."""
        with suppress(OSError):
            await self.proxy.behaviour.on_accept(self)
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
        """End both connections, that to the node with RST or with FIN."""
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
        """Send FIN to the node; the proxy still reads from it."""
        self._is_half_closed = True
        self._node[1].write_eof()

    async def to_node(self, data: bytes) -> None:
        """Send ``data`` to the node as it is."""
        if not self._is_half_closed:
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
        """Wait until the node ends the connection; discard what it sends."""
        while await self._node[0].read(_BYTES):
            pass

    def note(self, packet: bytes) -> None:
        """Count a packet that the node got whole."""
        if self._is_half_closed:
            return
        if kind(packet) == CONNACK and not packet[3]:
            self.proxy.connects += 1
        elif kind(packet) == PUBACK and pid(packet) in self._reading_ids:
            self.proxy.acks.append(self.proxy.node_s())

    async def _pump_up(self, reader: asyncio.StreamReader) -> None:
        splitter = Splitter()
        while data := await reader.read(_BYTES):
            for packet in splitter.push(data):
                if kind(packet) == CONNECT:
                    self.proxy.attempts += 1
                elif kind(packet) == PUBLISH and topic(packet).rsplit("/", 1)[-1] in READINGS:
                    self._reading_ids.add(pid(packet))
                if kind(packet) != PUBACK or pid(packet) not in self.injected:
                    await self.proxy.behaviour.up(self, packet)

    async def _pump_down(self, reader: asyncio.StreamReader) -> None:
        splitter = Splitter()
        while data := await reader.read(_BYTES):
            for packet in splitter.push(data):
                await self.proxy.behaviour.down(self, packet)
