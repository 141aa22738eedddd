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
        self.got = b""
        self.more = asyncio.Event()

    async def serve(self, reader: Reader, writer: Writer) -> None:
        splitter = Splitter()
        while data := await reader.read(100):
            self.got += data
            self.more.set()
            for packet in splitter.push(data):
                answers = {CONNECT: WELCOME, 0xC0: PONG}
                if kind(packet) == PUBLISH:
                    answers[PUBLISH] = puback(pid(packet))
                writer.write(answers[kind(packet)])
        writer.close()

    async def has(self, data: bytes) -> None:
        while data not in self.got:
            self.more.clear()
            await self.more.wait()


def played(
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


async def joined(proxy: Proxy) -> tuple[Reader, Writer]:
    reader, writer = await knock(proxy)
    writer.write(HELLO)
    assert await reader.readexactly(4) == WELCOME
    return reader, writer


async def nothing(waiting: Coroutine[Any, Any, Any]) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waiting, 0.2)


def test_a_stream_is_cut_into_packets_wherever_it_breaks() -> None:
    long = b"\x30\xc8\x01" + bytes(200)
    stream = HELLO + NEWS + long + PONG
    for at in range(len(stream)):
        splitter = Splitter()
        assert splitter.push(stream[:at]) + splitter.push(stream[at:]) == [HELLO, NEWS, long, PONG]
    assert (topic(NEWS), pid(NEWS), pid(puback(258))) == ("edgewise/n/state", 5, 258)
    with pytest.raises(EdgewiseError, match="not MQTT"):
        Splitter().push(b"\xff" * 9)


def test_all_passes_and_is_counted() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        writer.write(NEWS + PING)
        assert await reader.readexactly(6) == puback(5) + PONG
        assert broker.got == HELLO + NEWS + PING
        assert (proxy.attempts, proxy.connects, len(proxy.acks)) == (1, 1, 1)

    played(play)


def test_refused_connections_end_and_others_are_not_taken() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, _ = await joined(proxy)
        await proxy.become(Refuse())
        assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await knock(proxy)
        await proxy.become(Pass())
        await joined(proxy)

    played(play)


def test_a_syn_is_not_answered() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        await proxy.become(Ignore())
        await nothing(knock(proxy))
        writer.write(NEWS)
        await nothing(reader.read(1))
        await proxy.become(Pass())
        assert await reader.readexactly(4) == puback(5)
        await joined(proxy)

    played(play)


def test_frozen_bytes_come_later() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        await proxy.become(Freeze())
        writer.write(NEWS)
        await nothing(reader.read(1))
        assert broker.got == HELLO
        await proxy.become(Pass())
        assert await reader.readexactly(4) == puback(5)

    played(play)


def test_silent_means_accepted_and_nothing_else() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await knock(proxy)
        writer.write(HELLO)
        await nothing(reader.read(1))
        assert (broker.got, proxy.behaviour.acts) == (b"", 1)
        writer.close()

    played(play, Silent())


def test_delay_keeps_the_order() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        loop = asyncio.get_running_loop()
        reader, writer = await joined(proxy)
        start = loop.time()
        writer.write(NEWS + PING)
        assert await reader.readexactly(6) == puback(5) + PONG
        assert loop.time() - start >= 0.15

    played(play, Delay(0.15))


def test_drip_is_one_byte_at_a_time() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await knock(proxy)
        writer.write(HELLO)
        pieces = [await reader.read(100) for _ in WELCOME]
        assert pieces == [bytes([byte]) for byte in WELCOME]

    played(play, Drip(0.02))


# the packet that is met, what happens, what the node gets after HELLO, NEWS, PING; whether FIN
PONGED = puback(5) + PONG
GARBAGE, OVERSIZED = actions.GARBAGE, actions.OVERSIZED
SESSIONS: dict[str, tuple[int, Action, bytes, bool]] = {
    "swallowed": (PUBACK, actions.drop, WELCOME + PONG, False),
    "no pong": (PINGRESP, actions.drop, WELCOME + puback(5), False),
    "twice": (PUBACK, actions.twice, WELCOME + 2 * puback(5) + PONG, False),
    "unknown": (PUBACK, actions.unknown_id, WELCOME + puback(5 ^ 0x5555) + PONGED, False),
    "garbage": (PUBACK, actions.instead(GARBAGE), WELCOME + GARBAGE + PONG, False),
    "huge": (
        PUBACK,
        actions.instead(OVERSIZED),
        WELCOME + OVERSIZED + PONG,
        False,
    ),
    "no connack": (CONNACK, actions.instead(GARBAGE), GARBAGE + PONGED, False),
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
    what, action, expected, ends = SESSIONS[name]

    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await knock(proxy)
        for packet in (HELLO, NEWS, PING):
            writer.write(packet)
            if packet == HELLO and WELCOME in expected:
                assert await reader.readexactly(4) == WELCOME
        rest = expected.removeprefix(WELCOME)
        assert await reader.readexactly(len(rest)) == rest
        if ends:
            try:
                assert await reader.read() == b""
            except ConnectionResetError:  # bytes of the node were still on their way
                assert name != "half closed"
        else:
            await nothing(reader.read(1))
        assert proxy.behaviour.acts == 1

    played(play, On(what, action))


def test_the_broker_gets_the_part_before_a_cut_and_all_after_a_stall() -> None:
    async def cut(proxy: Proxy, broker: Broker) -> None:
        _, writer = await joined(proxy)
        writer.write(NEWS)
        await broker.has(NEWS[:7])
        assert broker.got == HELLO + NEWS[:7]

    async def stall(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        writer.write(NEWS)
        await broker.has(NEWS[:7])
        await nothing(reader.read(1))
        await proxy.become(Pass())
        assert await reader.readexactly(4) == puback(5)
        assert broker.got == HELLO + NEWS

    played(cut, On(PUBLISH, actions.cut_inside(7)))
    played(stall, On(PUBLISH, actions.stall_inside(7)))


def test_a_reset_is_a_reset() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        writer.write(NEWS)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        assert broker.got == HELLO

    played(play, On(PUBLISH, actions.reset))


def test_after_a_half_close_the_node_is_still_heard() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        writer.write(NEWS)
        assert await reader.read() == b""
        writer.write(PING)
        await broker.has(PING)
        assert proxy.acks == []

    played(play, On(PUBLISH, actions.half_close))


def test_the_answer_to_an_injected_command_stays_here() -> None:
    async def play(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        writer.write(NEWS)
        await reader.readuntil(puback(5))
        writer.write(puback(0x7001) + PING)
        assert await reader.readexactly(2) == PONG
        assert broker.got == HELLO + NEWS + PING

    played(play, On(PUBLISH, actions.command))


def test_refusals_go_through_all_codes_and_the_first_packets_may_pass() -> None:
    async def refused(proxy: Proxy, broker: Broker) -> None:
        codes = []
        for _ in range(6):
            reader, writer = await knock(proxy)
            writer.write(HELLO)
            codes.append((await reader.readexactly(4))[3])
        assert codes == [1, 2, 3, 4, 5, 1]
        assert (proxy.attempts, proxy.connects) == (6, 0)

    async def later(proxy: Proxy, broker: Broker) -> None:
        reader, writer = await joined(proxy)
        writer.write(NEWS + NEWS + NEWS + PING)
        assert await reader.readexactly(10) == 2 * puback(5) + PONG

    played(refused, On(CONNACK, actions.refuse))
    played(later, On(PUBACK, actions.drop, skip=2))
