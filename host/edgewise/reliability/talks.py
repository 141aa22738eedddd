"""What passes a proxy, message by message: MQTT, HTTP or CoAP."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

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

__all__ = ["ANSWER", "REQUEST", "CoapTalk", "Counter", "HttpTalk", "MqttTalk", "Talk"]

REQUEST, ANSWER = 0x01, 0x02  # of HTTP and CoAP; no kinds of MQTT
_EMPTY = 0x03
_ONLINE = b"online"  # the first message of a session
_HEAD_END = b"\r\n\r\n"
_URI_PATH, _BLOCK1 = 11, 27  # RFC 7252, 5.10; RFC 7959, 2.1
_CONTINUE = 0x5F


class Counter(Protocol):
    """What counts: ``attempts`` to begin a session; ``injected``: see `proxy.Link`."""

    attempts: int
    injected: set[int]

    def count_connect(self) -> None:
        """The node got the answer that begins its session."""

    def count_ack(self) -> None:
        """The node got the answer to a message with readings."""


class Talk(Protocol):
    """One conversation of the node."""

    def kind(self, packet: bytes) -> int:
        """Return the kind of a packet."""

    def split_up(self, data: bytes) -> list[bytes]:
        """Return the packets of the node that ``data`` completes."""

    def split_down(self, data: bytes) -> list[bytes]:
        """Return the packets to the node that ``data`` completes."""

    def note_up(self, packet: bytes) -> bool:
        """Take note of a packet of the node; False if it is an answer to the proxy alone."""

    def note_down(self, packet: bytes) -> None:
        """Take note of a packet that the node got whole."""


class MqttTalk:
    """A connection to a broker."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._up, self._down = Splitter(), Splitter()
        self._reading_ids: set[int] = set()  # packet ids of messages with readings

    def kind(self, packet: bytes) -> int:
        return kind(packet)

    def split_up(self, data: bytes) -> list[bytes]:
        return self._up.push(data)

    def split_down(self, data: bytes) -> list[bytes]:
        return self._down.push(data)

    def note_up(self, packet: bytes) -> bool:
        if kind(packet) == CONNECT:
            self._counter.attempts += 1
        elif kind(packet) == PUBLISH and topic(packet).rsplit("/", 1)[-1] in READINGS:
            self._reading_ids.add(pid(packet))
        return kind(packet) != PUBACK or pid(packet) not in self._counter.injected

    def note_down(self, packet: bytes) -> None:
        if kind(packet) == CONNACK and not packet[3]:
            self._counter.count_connect()
        elif kind(packet) == PUBACK and pid(packet) in self._reading_ids:
            self._counter.count_ack()


class HttpTalk:
    """A connection to a server: requests, and answers in the same order."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._rest = {REQUEST: b"", ANSWER: b""}
        self._requests: deque[tuple[str, bytes]] = deque()  # last part of the path, body

    def kind(self, packet: bytes) -> int:
        return ANSWER if packet.startswith(b"HTTP/") else REQUEST

    def split_up(self, data: bytes) -> list[bytes]:
        return self._split(REQUEST, data)

    def split_down(self, data: bytes) -> list[bytes]:
        return self._split(ANSWER, data)

    def _split(self, side: int, data: bytes) -> list[bytes]:
        rest = self._rest[side] + data
        packets = []
        while (size := _http_size(rest)) and len(rest) >= size:
            packets.append(rest[:size])
            rest = rest[size:]
        self._rest[side] = rest
        return packets

    def note_up(self, packet: bytes) -> bool:
        head, _, body = packet.partition(_HEAD_END)
        leaf = head.split(b" ", 2)[1].rsplit(b"/", 1)[-1].decode()
        self._counter.attempts += body == _ONLINE
        self._requests.append((leaf, body))
        return True

    def note_down(self, packet: bytes) -> None:
        leaf, body = self._requests.popleft() if self._requests else ("", b"")
        _count(self._counter, packet.split(b" ", 2)[1].startswith(b"2"), leaf, body)


def _http_size(data: bytes) -> int:
    # the size of the first message; 0 while its head is not whole
    head, end, _ = data.partition(_HEAD_END)
    if not end:
        return 0
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    return len(head) + len(end) + int(fields.get(b"content-length", 0))


def _count(counter: Counter, is_good: bool, leaf: str, body: bytes) -> None:
    if is_good and body == _ONLINE:
        counter.count_connect()
    elif is_good and leaf in READINGS:
        counter.count_ack()


class CoapTalk:
    """The datagrams between one port of the node and a server."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._requests: dict[bytes, tuple[str, bytes]] = {}  # token -> as in HttpTalk

    def kind(self, packet: bytes) -> int:
        if len(packet) < 4 or not packet[1]:
            return _EMPTY
        return ANSWER if packet[1] >> 5 else REQUEST

    def split_up(self, data: bytes) -> list[bytes]:
        return [data]

    split_down = split_up

    def note_up(self, packet: bytes) -> bool:
        if self.kind(packet) == REQUEST:
            options = list(_options(packet))
            leaf = [value for number, value in options if number == _URI_PATH][-1].decode()
            is_last = all(not value[-1] & 8 for number, value in options if number == _BLOCK1)
            body = packet.rpartition(b"\xff")[2]
            token = _token(packet)
            self._counter.attempts += body == _ONLINE and token not in self._requests
            self._requests[token] = (leaf if is_last else "", body)
        return True

    def note_down(self, packet: bytes) -> None:
        if self.kind(packet) == ANSWER and packet[1] != _CONTINUE:
            leaf, body = self._requests.pop(_token(packet), ("", b""))
            _count(self._counter, packet[1] >> 5 == 2, leaf, body)


def _token(packet: bytes) -> bytes:
    return packet[4 : 4 + (packet[0] & 15)]


def _options(packet: bytes) -> Iterator[tuple[int, bytes]]:
    # numbers and sizes below 269: RFC 7252, 3.1
    at, number = 4 + (packet[0] & 15), 0
    while at < len(packet) and packet[at] != 0xFF:
        delta, size = packet[at] >> 4, packet[at] & 15
        at += 1
        if delta == 13:
            delta, at = 13 + packet[at], at + 1
        if size == 13:
            size, at = 13 + packet[at], at + 1
        number += delta
        yield number, packet[at : at + size]
        at += size
