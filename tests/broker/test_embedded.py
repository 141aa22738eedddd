"""The broker inside the process: many clients at once, and clients that do not behave."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.client import topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion
from tests.broker.load import Load
from tests.counts import count
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.broker import connection
from edgewise.broker.amqtt_broker import _Subscriptions
from edgewise.broker.embedded import EmbeddedBroker
from edgewise.urls import parse_broker

CONNACK = b"\x20\x02\x00\x00"
SILENCE_S = 2  # with a keepalive of 1 s


@pytest.fixture
def said() -> list[str]:
    """What the broker says; `broker` fails the test if something is left here at the end."""
    return []


@pytest.fixture
def broker(said: list[str]) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(say=said.append) as running:
        yield running
    assert said == []


class Subscriber:
    """A client whose messages are in ``messages``: topic, payload, retained or not."""

    def __init__(
        self, broker: EmbeddedBroker, topic: str, qos: int = 1, **options: object
    ) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._is_subscribed = False
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos)
        self.client.on_subscribe = lambda *_: setattr(self, "_is_subscribed", True)
        self.client.on_message = lambda _c, _data, m: self.messages.append(
            (m.topic, m.payload, m.retain)
        )
        url = parse_broker(broker.url)
        self.client.connect(url.host, url.port)
        self.client.loop_start()
        wait_until(lambda: self._is_subscribed)

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait for the acknowledgement."""
        self.client.publish(topic, payload, qos, retain).wait_for_publish(LIMIT_S)

    def wait_for(self, *messages: tuple[str, bytes, bool]) -> None:
        wait_until(lambda: len(self.messages) >= len(messages), lambda: self.messages)
        assert self.messages == list(messages)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def listener(broker: EmbeddedBroker) -> Iterator[Subscriber]:
    running = Subscriber(broker, "#")
    yield running
    running.close()


def field(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def packet(kind: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


def connect_packet(name: str, keepalive_s: int = 0, is_clean: bool = True) -> bytes:
    """CONNECT of MQTT 3.1.1 with the last will `gone` on will/NAME."""
    flags = 0x04 | 0x02 * is_clean
    head = field("MQTT") + bytes([4, flags]) + struct.pack("!H", keepalive_s)
    return packet(0x10, head + field(name) + field(f"will/{name}") + field("gone"))


def publish_packet(topic: str, payload: bytes) -> bytes:
    """PUBLISH with QoS 0."""
    return packet(0x30, field(topic) + payload)


def open_socket(broker: EmbeddedBroker) -> socket.socket:
    url = parse_broker(broker.url)
    return socket.create_connection((url.host, url.port), LIMIT_S)


def connected(broker: EmbeddedBroker, name: str, **options: int) -> socket.socket:
    raw = open_socket(broker)
    raw.sendall(connect_packet(name, **options))
    assert raw.recv(4) == CONNACK
    return raw


def is_closed(raw: socket.socket) -> bool:
    """Whether the broker ended the connection; waits for it."""
    try:
        while raw.recv(1 << 20):
            pass
    except ConnectionResetError:
        pass
    return True


def memory_kb(pid: int) -> int:
    (line,) = (
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    return int(line.split()[1])


def test_a_hundred_clients_at_once_lose_nothing() -> None:
    process = Forked("broker", "--port", "0")
    url = parse_broker(process.stderr.readline().split()[2].rstrip(","))

    async def run() -> int:
        first = Load(url, 100)
        await first.connect()
        await first.publish(100)
        await first.disconnect()
        load = Load(url, 100)  # now there are retained messages
        await load.connect()
        await load.publish(count(300, 5_000))
        before_kb = memory_kb(process.pid)
        await load.publish(count(300, 30_000))
        await load.disconnect()
        assert first.lost + load.lost == []
        return memory_kb(process.pid) - before_kb

    grown_kb = asyncio.run(run())
    process.terminate()
    assert process.communicate(timeout=LIMIT_S) == ("", "")
    assert process.returncode == 0
    assert grown_kb < 20_000  # 30,000 messages to each of 100 clients


def test_a_client_is_sent_the_retained_messages_of_its_own_subscriptions(
    broker: EmbeddedBroker, listener: Subscriber
) -> None:
    listener.publish("mine/a", b"1", retain=True)
    listener.publish("other/a", b"2", retain=True)
    own = Subscriber(broker, "mine/+")
    own.wait_for(("mine/a", b"1", True))
    listener.publish("mine/b", b"3")
    own.wait_for(("mine/a", b"1", True), ("mine/b", b"3", False))
    own.close()


def test_every_quality_of_service(broker: EmbeddedBroker) -> None:
    subscribers = [Subscriber(broker, "a", qos) for qos in range(3)]
    for qos in range(3):
        subscribers[0].publish("a", bytes([qos]), qos)
    for subscriber in subscribers:
        subscriber.wait_for(*[("a", bytes([qos]), False) for qos in range(3)])
        subscriber.close()


def test_a_silent_client_is_gone_and_its_last_will_says_so(
    broker: EmbeddedBroker, listener: Subscriber
) -> None:
    with connected(broker, "silent", keepalive_s=1) as raw:
        listener.wait_for(("will/silent", b"gone", False))
        assert is_closed(raw)


def test_a_client_that_publishes_needs_no_ping(broker: EmbeddedBroker) -> None:
    longest_s = SILENCE_S
    while longest_s >= SILENCE_S:  # on a busy machine the client itself was late
        longest_s = 0.0
        with connected(broker, "steady", keepalive_s=1) as raw:
            end_s = time.monotonic() + 1.5 * SILENCE_S
            last_s = time.monotonic()
            while time.monotonic() < end_s:
                raw.sendall(publish_packet("a", b"x"))
                longest_s = max(longest_s, time.monotonic() - last_s)
                last_s = time.monotonic()
                time.sleep(0.1)
            if longest_s < SILENCE_S:
                raw.sendall(packet(0xC0, b""))
                assert raw.recv(2) == b"\xd0\x00"  # PINGRESP


def test_a_client_that_connects_again_ends_its_old_connection(
    broker: EmbeddedBroker, listener: Subscriber
) -> None:
    with connected(broker, "twice") as old, connected(broker, "twice") as new:
        assert is_closed(old)
        listener.wait_for(("will/twice", b"gone", False))
        new.sendall(publish_packet("a", b"here") + packet(0xE0, b""))
        assert is_closed(new)
        listener.wait_for(("will/twice", b"gone", False), ("a", b"here", False))


def test_a_client_that_says_all_at_once(broker: EmbeddedBroker, listener: Subscriber) -> None:
    with open_socket(broker) as raw:
        raw.sendall(connect_packet("quick") + publish_packet("a", b"x") + packet(0xE0, b""))
        assert is_closed(raw)
    with open_socket(broker) as raw:
        raw.sendall(connect_packet("short"))
        raw.shutdown(socket.SHUT_WR)
        assert is_closed(raw)
    listener.wait_for(("a", b"x", False), ("will/short", b"gone", False))


def test_what_was_not_acknowledged_is_sent_again(
    broker: EmbeddedBroker, listener: Subscriber
) -> None:
    # amqtt forgets a session within a second: it may take a few attempts
    message = packet(0x32, field("a") + b"\x00\x01x")

    def is_sent_again() -> bool:
        with connected(broker, "again", is_clean=False) as raw:
            raw.sendall(packet(0x82, b"\x00\x01" + field("a") + b"\x01"))
            assert raw.recv(5) == b"\x90\x03\x00\x01\x01"
            listener.publish("a", b"x")
            assert raw.recv(len(message)) == message
        with open_socket(broker) as raw:
            raw.sendall(connect_packet("again", is_clean=False))
            answer = raw.recv(4)
            raw.sendall(packet(0xC0, b""))
            return answer[2] == 1 and raw.recv(7)[:1] == b"\x32"

    wait_until(is_sent_again)


def test_a_client_that_does_not_read_is_cut_off_alone(
    broker: EmbeddedBroker,
    listener: Subscriber,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "UNSENT_MAX", 1 << 20)
    with connected(broker, "stuck") as raw:
        raw.sendall(packet(0x82, b"\x00\x01" + field("a") + b"\x00"))
        assert raw.recv(5) == b"\x90\x03\x00\x01\x00"
        sent = 0
        while not said:
            listener.publish("a", bytes(1 << 16))
            sent += 1
        wait_until(lambda: len(listener.messages) > sent)
        assert [topic for topic, _, _ in listener.messages].count("a") == sent
        assert ("will/stuck", b"gone", False) in listener.messages
        assert is_closed(raw)
    assert said.pop() == (
        "broker: client stuck is cut off, it does not take its messages: "
        "1 MB unread, 0 unacknowledged"
    )


def test_a_message_that_is_too_large_ends_the_connection(
    broker: EmbeddedBroker, listener: Subscriber, said: list[str]
) -> None:
    listener.publish("a", bytes(connection.PACKET_MAX - 10))
    with connected(broker, "large") as raw:
        raw.sendall(b"\x30\x81\x80\x40")  # PUBLISH of 1,048,577 bytes
        assert is_closed(raw)
    wait_until(lambda: len(listener.messages) == 2)
    line = "client large is cut off: it sends a message of 1048577 bytes, 1048576 are the most"
    assert said.pop() == f"broker: {line}"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(100),
        b"\xff" * 100,
        packet(0x10, b"\x00\xff"),
        connect_packet("x")[:20],
        connect_packet("x").replace(b"MQTT\x04", b"MQTT\x05"),
        connect_packet("x") * 2,
        connect_packet("x") + b"\xf0\x00",
        connect_packet("x") + packet(0x30, b"\x00\x02\xff\xff"),
        connect_packet("x") + packet(0x30, b"\x00\x10a"),
        connect_packet("x") + packet(0x30, field("a/+")),
        connect_packet("x") + packet(0x40, b"\x00\x07") + packet(0xE0, b""),
        connect_packet("x") + packet(0x82, b"\x00\x01" + field("a/#/b") + b"\x09"),
    ],
)
def test_what_no_client_should_send_ends_that_client_alone(
    broker: EmbeddedBroker, listener: Subscriber, said: list[str], sent: bytes
) -> None:
    with open_socket(broker) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        assert is_closed(raw)
    listener.publish("a", b"still here")
    wait_until(lambda: ("a", b"still here", False) in listener.messages)
    assert all("is cut off" in line for line in said)
    said.clear()


def test_the_tree_finds_what_mqtt_says() -> None:
    filters = ["#", "+", "a", "a/#", "a/+", "+/b", "a/+/c", "a/b/#", "$SYS/#", "+/+/c", "/a", "/+"]
    topics = ["a", "a/b", "a/b/c", "/a", "b", "b/b", "$SYS/a", "a/", "a/b/c/d"]
    subscriptions = _Subscriptions()
    for text in filters:
        subscriptions[text] = [text]
    del subscriptions["a/+"]
    filters.remove("a/+")
    for topic in topics:
        found = {text for (text,) in subscriptions.match(topic)}
        assert found == {text for text in filters if topic_matches_sub(text, topic)}, topic
    subscriptions.clear()
    assert list(subscriptions.match("a")) == []
