"""MQTT packets as bytes: cut a stream into packets, read their fields, build new ones."""

from __future__ import annotations

from edgewise.errors import EdgewiseError

__all__ = [
    "CONNACK",
    "CONNECT",
    "PINGRESP",
    "PUBACK",
    "PUBLISH",
    "READINGS",
    "Splitter",
    "kind",
    "pid",
    "puback",
    "publish",
    "topic",
]

# MQTT 3.1.1, 2.2.1: the upper four bits of the first byte
CONNECT, CONNACK, PUBLISH, PUBACK, PINGRESP = 0x10, 0x20, 0x30, 0x40, 0xD0
READINGS = ("state", "replay")  # last parts of the topics with readings
_SIZE_BYTES = 4
_QOS_BITS = 0x06


class Splitter:
    """Cuts a byte stream into whole packets."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, data: bytes) -> list[bytes]:
        """Return the packets that ``data`` completes; EdgewiseError where it is not MQTT."""
        self._rest += data
        packets = []
        while size := _size(self._rest):
            if len(self._rest) < size:
                break
            packets.append(self._rest[:size])
            self._rest = self._rest[size:]
        return packets


def _size(data: bytes) -> int:
    # Returns the size of the first packet in bytes; 0 while the length is incomplete.
    n = 0
    for i, byte in enumerate(data[1 : 1 + _SIZE_BYTES]):
        n |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return 2 + i + n
    if len(data) > _SIZE_BYTES:
        raise EdgewiseError("what passes the proxy is not MQTT: look at the last packet")
    return 0


def kind(packet: bytes) -> int:
    """Return the type in the first byte: CONNECT, PUBLISH ..."""
    return packet[0] & 0xF0


def _body(packet: bytes) -> bytes:
    i = 1
    while packet[i] & 0x80:
        i += 1
    return packet[i + 1 :]


def topic(publish: bytes) -> str:
    """Return the topic of a PUBLISH."""
    body = _body(publish)
    return body[2 : 2 + int.from_bytes(body[:2], "big")].decode()


def pid(packet: bytes) -> int:
    """Return the packet id of a PUBACK or a PUBLISH; 0 for a PUBLISH of QoS 0."""
    body = _body(packet)
    if kind(packet) == PUBLISH:
        if not packet[0] & _QOS_BITS:
            return 0
        body = body[2 + int.from_bytes(body[:2], "big") :]
    return int.from_bytes(body[:2], "big")


def puback(number: int) -> bytes:
    """Return a PUBACK with packet id ``number``."""
    return b"\x40\x02" + number.to_bytes(2, "big")


def publish(topic_name: str, payload: bytes, number: int) -> bytes:
    """Return a PUBLISH of QoS 1 with packet id ``number``, at most 127 bytes after the length."""
    name = topic_name.encode()
    body = len(name).to_bytes(2, "big") + name + number.to_bytes(2, "big") + payload
    return bytes((0x32, len(body))) + body
