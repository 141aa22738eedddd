"""The proxy does what each behaviour says: a plain client, a plain broker of ten lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from edgewise.errors import EdgewiseError
from edgewise.reliability import actions
from edgewise.reliability.behaviours import (
    Action,
    Behaviour,
    Delay,
    Drip,
    Freeze,
    Ignore,
    On,
    Pass,
    Refuse,
    Silent,
)
from edgewise.reliability.packets import (
    CONNACK,
    CONNECT,
    PINGRESP,
    PUBACK,
    PUBLISH,
    Splitter,
    kind,
    pid,
    puback,
    publish,
    topic,
)
from edgewise.reliability.proxy import Proxy

LIMIT_S = 100
HELLO = b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab"
WELCOME = b"\x20\x02\x00\x00"
NEWS = publish("edgewise/n/state", b"{}", 5)
PING, PONG = b"\xc0\x00", b"\xd0\x00"

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


class Broker:
    """Answers as MQTT has it and remembers every byte that came."""

    def __init__(self) -> None:
        self.data = b""
        self.arrival = asyncio.Event()

    async def serve(self, reader: Reader, writer: Writer) -> None:
        splitter = Splitter()
        while data := await reader.read(100):
            self.data += data
            self.arrival.set()
            for packet in splitter.push(data):
                answers = {CONNECT: WELCOME, 0xC0: PONG}
                if kind(packet) == PUBLISH:
                    answers[PUBLISH] = puback(pid(packet))
                writer.write(answers[kind(packet)])
        writer.close()

    async def wait_for(self, data: bytes) -> None:
        while data not in self.data:
            self.arrival.clear()
            await self.arrival.wait()


def play_through(
    play: Callable[[Proxy, Broker], Awaitable[None]], behaviour: Behaviour | None = None
) -> None:
    async def main() -> None:
        broker = Broker()
        server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Proxy(port, behaviour or Pass()) as proxy:
            await asyncio.wait_for(play(proxy, broker), LIMIT_S)

    asyncio.run(main())


async def knock(proxy: Proxy) -> tuple[Reader, Writer]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def join(proxy: Proxy) -> tuple[Reader, Writer]:
    reader, writer = await knock(proxy)
    writer.write(HELLO)
    assert await reader.readexactly(4) == WELCOME
    return reader, writer


async def expect_nothing(read: Coroutine[Any, Any, Any]) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read, 0.2)


def test_a_stream_is_cut_into_packets_wherever_it_breaks() -> None:
    long_packet = b"\x30\xc8\x01" + bytes(200)
    stream = HELLO + NEWS + long_packet + PONG
    for offset in range(len(stream)):
        splitter = Splitter()
        assert splitter.push(stream[:offset]) + splitter.push(stream[offset:]) == [
            HELLO,
            NEWS,
            long_packet,
            PONG,
        ]
    assert (topic(NEWS), pid(NEWS), pid(puback(258))) == ("edgewise/n/state", 5, 258)
    with pytest.raises(EdgewiseError, match="not MQTT"):
        Splitter().push(b"\xff" * 9)


def test_all_passes_and_is_counted() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        writer.write(NEWS + PING)
        assert await reader.readexactly(6) == puback(5) + PONG
        assert broker.data == HELLO + NEWS + PING
        assert (proxy.attempts, proxy.connects, len(proxy.acks)) == (1, 1, 1)

    play_through(play)


def test_refused_connections_end_and_others_are_not_taken() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, _ = await join(proxy)
        await proxy.become(Refuse())
        assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await knock(proxy)
        await proxy.become(Pass())
        await join(proxy)

    play_through(play)


def test_a_syn_is_not_answered() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        await proxy.become(Ignore())
        await expect_nothing(knock(proxy))
        writer.write(NEWS)
        await expect_nothing(reader.read(1))
        await proxy.become(Pass())
        assert await reader.readexactly(4) == puback(5)
        await join(proxy)

    play_through(play)


def test_frozen_bytes_come_later() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        await proxy.become(Freeze())
        writer.write(NEWS)
        await expect_nothing(reader.read(1))
        assert broker.data == HELLO
        await proxy.become(Pass())
        assert await reader.readexactly(4) == puback(5)

    play_through(play)


def test_silent_means_accepted_and_nothing_else() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await knock(proxy)
        writer.write(HELLO)
        await expect_nothing(reader.read(1))
        assert (broker.data, proxy.behaviour.acts) == (b"", 1)
        writer.close()

    play_through(play, Silent())


def test_delay_keeps_the_order() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        loop = asyncio.get_running_loop()
        reader, writer = await join(proxy)
        start = loop.time()
        writer.write(NEWS + PING)
        assert await reader.readexactly(6) == puback(5) + PONG
        assert loop.time() - start >= 0.15

    play_through(play, Delay(0.15))


def test_drip_is_one_byte_at_a_time() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await knock(proxy)
        writer.write(HELLO)
        pieces = [await reader.read(100) for _ in WELCOME]
        assert pieces == [bytes([byte]) for byte in WELCOME]

    play_through(play, Drip(0.02))


# the packet that is met, what happens, what the node gets after HELLO, NEWS, PING; whether FIN
PONGED = puback(5) + PONG
GARBAGE, OVERSIZED = actions.GARBAGE, actions.OVERSIZED
SESSIONS: dict[str, tuple[int, Action, bytes, bool]] = {
    "swallowed": (PUBACK, actions.drop, WELCOME + PONG, False),
    "no pong": (PINGRESP, actions.drop, WELCOME + puback(5), False),
    "twice": (PUBACK, actions.send_twice, WELCOME + 2 * puback(5) + PONG, False),
    "unknown": (PUBACK, actions.unknown_id, WELCOME + puback(5 ^ 0x5555) + PONGED, False),
    "garbage": (PUBACK, actions.send_instead(GARBAGE), WELCOME + GARBAGE + PONG, False),
    "huge": (
        PUBACK,
        actions.send_instead(OVERSIZED),
        WELCOME + OVERSIZED + PONG,
        False,
    ),
    "no connack": (CONNACK, actions.send_instead(GARBAGE), GARBAGE + PONGED, False),
    "refused": (CONNACK, actions.refuse, b"\x20\x02\x00\x01", True),
    "closed": (CONNECT, actions.close, b"", True),
    "cut down": (PUBACK, actions.cut_inside(3), WELCOME + puback(5)[:3], True),
    "cut up": (PUBLISH, actions.cut_inside(7), WELCOME, True),
    "half closed": (PUBLISH, actions.half_close, WELCOME, True),
    "stalled down": (PUBACK, actions.stall_inside(1), WELCOME + puback(5)[:1], False),
    "stalled up": (PUBLISH, actions.stall_inside(7), WELCOME, False),
    "command": (
        PUBLISH,
        actions.command,
        WELCOME + publish("edgewise/n/cmd/ping", b'{"id":"1"}', 0x7001) + PONGED,
        False,
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_what_the_node_gets(name: str) -> None:
    packet_kind, action, expected, is_closed = SESSIONS[name]

    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await knock(proxy)
        for packet in (HELLO, NEWS, PING):
            writer.write(packet)
            if packet == HELLO and WELCOME in expected:
                assert await reader.readexactly(4) == WELCOME
        rest = expected.removeprefix(WELCOME)
        assert await reader.readexactly(len(rest)) == rest
        if is_closed:
            try:
                assert await reader.read() == b""
            except ConnectionResetError:  # bytes of the node were still on their way
                assert name != "half closed"
        else:
            await expect_nothing(reader.read(1))
        assert proxy.behaviour.acts == 1

    play_through(play, On(packet_kind, action))


def test_the_broker_gets_the_part_before_a_cut_and_all_after_a_stall() -> None:
    async def cut(proxy: Proxy, broker: Broker) -> None:
        _, writer = await join(proxy)
        writer.write(NEWS)
        await broker.wait_for(NEWS[:7])
        assert broker.data == HELLO + NEWS[:7]

    async def stall(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        writer.write(NEWS)
        await broker.wait_for(NEWS[:7])
        await expect_nothing(reader.read(1))
        await proxy.become(Pass())
        assert await reader.readexactly(4) == puback(5)
        assert broker.data == HELLO + NEWS

    play_through(cut, On(PUBLISH, actions.cut_inside(7)))
    play_through(stall, On(PUBLISH, actions.stall_inside(7)))


def test_a_reset_is_a_reset() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        writer.write(NEWS)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        assert broker.data == HELLO

    play_through(play, On(PUBLISH, actions.reset))


def test_after_a_half_close_the_node_is_still_heard() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        writer.write(NEWS)
        assert await reader.read() == b""
        writer.write(PING)
        await broker.wait_for(PING)
        assert proxy.acks == []

    play_through(play, On(PUBLISH, actions.half_close))


def test_the_answer_to_an_injected_command_stays_here() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        writer.write(NEWS)
        await reader.readuntil(puback(5))
        writer.write(puback(0x7001) + PING)
        assert await reader.readexactly(2) == PONG
        assert broker.data == HELLO + NEWS + PING

    play_through(play, On(PUBLISH, actions.command))


def test_refusals_go_through_all_codes_and_the_first_packets_may_pass() -> None:
    async def collect_codes(proxy: Proxy, broker: Broker) -> None:
        codes = []
        for _ in range(6):
            reader, writer = await knock(proxy)
            writer.write(HELLO)
            codes.append((await reader.readexactly(4))[3])
        assert codes == [1, 2, 3, 4, 5, 1]
        assert (proxy.attempts, proxy.connects) == (6, 0)

    async def expect_one_loss(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await join(proxy)
        writer.write(NEWS + NEWS + NEWS + PING)
        assert await reader.readexactly(10) == 2 * puback(5) + PONG

    play_through(collect_codes, On(CONNACK, actions.refuse))
    play_through(expect_one_loss, On(PUBACK, actions.drop, skip=2))
