"""The UDP proxy does what each behaviour says, and each talk knows what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from edgewise.reliability import actions
from edgewise.reliability.behaviours import Behaviour, Freeze, On, Pass, Refuse
from edgewise.reliability.datagrams import DatagramProxy, Double, Lose, Scatter
from edgewise.reliability.talks import ANSWER, REQUEST, CoapTalk, HttpTalk

LIMIT_S = 100


def request(leaf: str, body: bytes, number: int = 1, block: bytes = b"") -> bytes:
    token = number.to_bytes(4, "big")
    path = b"\xb5nodes\x01n" + bytes((len(leaf),)) + leaf.encode()
    return b"\x44\x02" + token[2:] + token + path + block + b"\xff" + body


def answer(packet: bytes, code: int = 0x44) -> bytes:
    return bytes((0x64, code)) + packet[2:8]


class Port(asyncio.DatagramProtocol):
    """Keeps what comes; as a server it answers each request."""

    def __init__(self, is_server: bool = False) -> None:
        self.packets: list[bytes] = []
        self.errors: list[Exception] = []
        self._is_server = is_server
        self._arrival = asyncio.Event()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.packets.append(data)
        self._arrival.set()
        if self._is_server:
            self.transport.sendto(answer(data), address)

    def error_received(self, exc: Exception) -> None:
        self.errors.append(exc)
        self._arrival.set()

    async def wait_for(self, n: int) -> None:
        while len(self.packets) + len(self.errors) < n:
            self._arrival.clear()
            await self._arrival.wait()


Play = Callable[[DatagramProxy, Port, Port], Awaitable[None]]


def play_through(play: Play, behaviour: Behaviour | None = None) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(
            lambda: Port(True), local_addr=("127.0.0.1", 0)
        )
        port = server.transport.get_extra_info("sockname")[1]
        first = behaviour or Pass()
        async with DatagramProxy(port, first, make_talk=CoapTalk) as proxy:
            _, node = await loop.create_datagram_endpoint(
                Port, remote_addr=("127.0.0.1", proxy.port)
            )
            await asyncio.wait_for(play(proxy, node, server), LIMIT_S)
            node.transport.close()
        server.transport.close()

    asyncio.run(main())


STATE = request("state", b"{}")


def test_all_passes_and_is_counted() -> None:
    async def play(proxy: DatagramProxy, node: Port, server: Port) -> None:
        online = request("status", b"online", 2)
        event = request("event", b"{}", 3)
        parts = [
            request("replay", b"[", 4, b"\xd1\x03\x0d"),
            request("replay", b"]", 5, b"\xd1\x03\x15"),
        ]
        for n, packet in enumerate((online, STATE, event, *parts), 1):
            node.transport.sendto(packet)
            await node.wait_for(n)
        assert node.packets == [answer(p) for p in server.packets]
        # a part of a message is none, and the same answer counts once
        assert (proxy.attempts, proxy.connects, len(proxy.acks)) == (1, 1, 2)

    play_through(play)


def test_a_closed_port_is_told_and_opened_again() -> None:
    async def play(proxy: DatagramProxy, node: Port, server: Port) -> None:
        await proxy.become(Refuse())
        while not node.errors:  # asyncio closes it a turn later
            node.transport.sendto(STATE)
            await asyncio.sleep(0)
        assert isinstance(node.errors[0], ConnectionRefusedError)
        assert not server.packets
        await proxy.become(Pass())
        node.transport.sendto(STATE)
        await server.wait_for(1)

    play_through(play)


def test_what_is_frozen_comes_later() -> None:
    async def play(proxy: DatagramProxy, node: Port, server: Port) -> None:
        node.transport.sendto(STATE)
        while not proxy.behaviour.acts:
            await asyncio.sleep(0)
        assert server.packets == []
        await proxy.become(Pass())
        await node.wait_for(1)

    play_through(play, Freeze())


@pytest.mark.parametrize(
    ("behaviour", "arrived", "answered"),
    [
        (Double(), 2, 4),
        (Scatter(0.01), 2, 4),
        (Lose(0), 1, 1),
        (On(ANSWER, actions.send_twice), 1, 2),
        (On(ANSWER, actions.send_instead(b"SSH")), 1, 1),
    ],
)
def test_what_comes(behaviour: Behaviour, arrived: int, answered: int) -> None:
    async def play(proxy: DatagramProxy, node: Port, server: Port) -> None:
        node.transport.sendto(STATE)
        await node.wait_for(answered)
        assert (len(server.packets), len(node.packets)) == (arrived, answered)

    play_through(play, behaviour)


@pytest.mark.parametrize("behaviour", [Lose(1), On(REQUEST, actions.drop)])
def test_what_is_lost(behaviour: Behaviour) -> None:
    async def play(proxy: DatagramProxy, node: Port, server: Port) -> None:
        node.transport.sendto(STATE)
        while not behaviour.acts:
            await asyncio.sleep(0)
        await proxy.become(Pass())
        node.transport.sendto(STATE)
        await node.wait_for(1)
        assert len(server.packets) == 1

    play_through(play, behaviour)


class Counted:
    """Counts as a proxy does."""

    def __init__(self) -> None:
        self.attempts = self.connects = self.acks = 0
        self.injected: set[int] = set()

    def count_connect(self) -> None:
        self.connects += 1

    def count_ack(self) -> None:
        self.acks += 1


def test_a_stream_of_http_is_cut_into_messages_wherever_it_breaks() -> None:
    requests = [
        b"POST /nodes/n/%s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (leaf, len(body), body)
        for leaf, body in ((b"status", b"online"), (b"state", b"{}"), (b"event", b"{}"))
    ]
    answers = [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n",
    ]
    for offset in range(len(b"".join(requests))):
        counted = Counted()
        talk = HttpTalk(counted)
        for split, parts in ((talk.split_up, requests), (talk.split_down, answers)):
            stream = b"".join(parts)
            assert split(stream[:offset]) + split(stream[offset:]) == parts
        assert [talk.kind(p) for p in (requests[0], answers[0])] == [REQUEST, ANSWER]
        assert all(map(talk.note_up, requests))
        for packet in answers:
            talk.note_down(packet)
        assert (counted.attempts, counted.connects, counted.acks) == (1, 1, 1)
