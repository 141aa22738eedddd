"""MQTT packets as bytes: a stream is cut into whole ones, and what the scenarios ask of them."""

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
READINGS = ("state", "replay")  # the topics that carry them
_SIZE_BYTES = 4
_QOS = 0x06


class Splitter:
    """Cuts a byte stream into whole packets."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, data: bytes) -> list[bytes]:
        """The packets that ``data`` completes; EdgewiseError where the stream is not MQTT."""
        self._rest += data
        packets = []
        while size := _size(self._rest):
            if len(self._rest) < size:
                break
            packets.append(self._rest[:size])
            self._rest = self._rest[size:]
        return packets


def _size(data: bytes) -> int:
    # -> bytes of the packet that begins here, 0 while that cannot be known
    n = 0
    for i, byte in enumerate(data[1 : 1 + _SIZE_BYTES]):
        n |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return 2 + i + n
    if len(data) > _SIZE_BYTES:
        raise EdgewiseError("what passes the proxy is not MQTT: look at the last packet")
    return 0


def kind(packet: bytes) -> int:
    """CONNECT, PUBLISH ...: the type in the first byte."""
    return packet[0] & 0xF0


def _body(packet: bytes) -> bytes:
    i = 1
    while packet[i] & 0x80:
        i += 1
    return packet[i + 1 :]


def topic(publish: bytes) -> str:
    """The topic of a PUBLISH."""
    body = _body(publish)
    return body[2 : 2 + int.from_bytes(body[:2], "big")].decode()


def pid(packet: bytes) -> int:
    """The packet id of a PUBACK or a PUBLISH; 0 for one of QoS 0."""
    body = _body(packet)
    if kind(packet) == PUBLISH:
        if not packet[0] & _QOS:
            return 0
        body = body[2 + int.from_bytes(body[:2], "big") :]
    return int.from_bytes(body[:2], "big")


def puback(number: int) -> bytes:
    """A PUBACK of packet id ``number``."""
    return b"\x40\x02" + number.to_bytes(2, "big")


def publish(to: str, payload: bytes, number: int) -> bytes:
    """A short PUBLISH of QoS 1, 127 bytes in all at the most behind the length."""
    name = to.encode()
    body = len(name).to_bytes(2, "big") + name + number.to_bytes(2, "big") + payload
    return bytes((0x32, len(body))) + body
