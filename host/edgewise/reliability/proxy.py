"""A TCP proxy between one node and its broker or server. Its current behaviour decides what it
does."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from edgewise.broker.free_port import HOST, bind, free_port
from edgewise.errors import OutsideError
from edgewise.reliability.talks import Counter, MqttTalk, Talk

__all__ = ["Behaviour", "Link", "Proxy", "Relay", "TcpLink"]

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

    async def begin(self, proxy: Relay) -> None:
        """The behaviour begins; connections may be open."""
        await proxy.listen()

    async def end(self, proxy: Relay) -> None:
        """The time of the behaviour is over, but it still is the behaviour of the proxy."""

    async def on_accept(self, link: Link) -> None:
        """The node has connected to the proxy, which has not yet connected to the broker."""

    async def up(self, link: Link, packet: bytes) -> None:
        """A packet comes from the node."""
        await link.to_broker(packet)

    async def down(self, link: Link, packet: bytes) -> None:
        """A packet comes from the broker."""
        await link.deliver(packet)


class Relay:
    """Stands at ``port`` for what is at ``broker_port``.

    ``rate``: seconds of the node in one real second; ``node_s``: returns the time on the node's
    clock; ``make_talk``: makes what understands one conversation. ``attempts``: how often the node
    wanted to begin a session; ``connects``: how often it was let in; ``acks``: times on the node's
    clock when it got the acknowledgement of a message with readings. ``injected``: ids of packets
    that do not come from the broker, so their PUBACKs do not go to it.
    """

    def __init__(
        self,
        broker_port: int,
        behaviour: Behaviour,
        rate: int = 1,
        node_s: Callable[[], float] = time.monotonic,
        make_talk: Callable[[Counter], Talk] = MqttTalk,
    ) -> None:
        self.port = free_port()
        self.broker_port = broker_port
        self.behaviour = behaviour
        self.rate = rate
        self.node_s = node_s
        self.make_talk = make_talk
        self.attempts = self.connects = 0
        self.acks: list[float] = []
        self.injected: set[int] = set()

    async def __aenter__(self) -> Self:
        await self.behaviour.begin(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        raise NotImplementedError

    async def become(self, behaviour: Behaviour) -> None:
        """Change to ``behaviour``, also for open connections."""
        before, self.behaviour = self.behaviour, behaviour
        await behaviour.begin(self)
        before.over.set()

    async def sleep(self, node_s: float) -> None:
        """Wait for ``node_s`` seconds of the node."""
        await asyncio.sleep(node_s / self.rate)

    def count_connect(self) -> None:
        """The node got the answer that begins its session."""
        self.connects += 1

    def count_ack(self) -> None:
        """The node got the answer to a message with readings."""
        self.acks.append(self.node_s())

    async def listen(self) -> None:
        """Take what comes from now on."""
        raise NotImplementedError

    def refuse(self) -> None:
        """Close the port."""
        raise NotImplementedError

    async def ignore(self) -> None:
        """Let what comes vanish."""
        raise NotImplementedError

    def cut(self, reset: bool = False) -> int:
        """End all connections, with RST or with FIN; returns their number."""
        raise NotImplementedError


class Link:
    """One conversation of the node.

    ``matches``: number of packets of the kind that the behaviour `On` looks for; ``talk``:
    understands them.
    """

    def __init__(self, proxy: Relay) -> None:
        self.proxy = proxy
        self.matches = 0
        self.talk = proxy.make_talk(proxy)

    async def to_node(self, data: bytes) -> None:
        """Send ``data`` to the node as it is."""
        raise NotImplementedError

    async def to_broker(self, data: bytes) -> None:
        """Send ``data`` to the broker as it is."""
        raise NotImplementedError

    async def deliver(self, packet: bytes) -> None:
        """Send a whole packet to the node."""
        await self.to_node(packet)
        self.note(packet)

    def note(self, packet: bytes) -> None:
        """Count a packet that the node got whole."""
        self.talk.note_down(packet)

    def cut(self, reset: bool = False) -> None:
        """End both connections, that to the node with RST or with FIN."""
        raise NotImplementedError

    def half_close(self) -> None:
        """Send FIN to the node; the proxy still reads from it."""
        raise NotImplementedError

    async def closed_by_node(self) -> None:
        """Wait until the node ends the connection; discard what it sends."""
        raise NotImplementedError


class Proxy(Relay):
    """Listens for the node, and connects to the broker for it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._links: set[TcpLink] = set()
        self._sockets: list[socket.socket] = []  # without accept(), to refuse or ignore
        self._server: asyncio.Server | None = None

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._release()
        links = [link.task for link in self._links if link.task]
        for task in links:
            task.cancel()
        await asyncio.gather(*links, return_exceptions=True)

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
        link = TcpLink(self, reader, writer)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)


class TcpLink(Link):
    """One connection of the node, and the connection to the broker that belongs to it."""

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(proxy)
        self.task = asyncio.current_task()
        self._node = reader, writer
        self._broker: asyncio.StreamWriter | None = None
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
        if not self._is_half_closed:
            super().note(packet)

    async def _pump_up(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_BYTES):
            for packet in self.talk.split_up(data):
                if self.talk.note_up(packet):
                    await self.proxy.behaviour.up(self, packet)

    async def _pump_down(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_BYTES):
            for packet in self.talk.split_down(data):
                await self.proxy.behaviour.down(self, packet)
