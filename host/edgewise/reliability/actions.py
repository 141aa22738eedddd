"""Actions that take the place of one packet; see On in behaviours.py."""

from __future__ import annotations

from edgewise.reliability.behaviours import Action, On
from edgewise.reliability.packets import READINGS, pid, puback, publish, topic
from edgewise.reliability.proxy import Link

__all__ = [
    "GARBAGE",
    "OVERSIZED",
    "close",
    "command",
    "cut_inside",
    "drop",
    "half_close",
    "refuse",
    "reset",
    "send_instead",
    "send_twice",
    "stall_inside",
    "unknown_id",
]

GARBAGE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
# a PUBLISH with a stated length of 268,435,455 bytes, the most in MQTT, and the first 20,000
OVERSIZED = b"\x30\xff\xff\xff\x7f" + bytes(20_000)
_REFUSAL_CODES = 5  # MQTT 3.1.1, 3.2.2.3


async def close(_on: On, link: Link, packet: bytes) -> None:
    """The broker gets the packet, then the connection ends."""
    await link.to_broker(packet)
    link.cut()


async def reset(_on: On, link: Link, _packet: bytes) -> None:
    """The connection ends with RST instead of the packet."""
    link.cut(reset=True)


async def drop(_on: On, _link: Link, _packet: bytes) -> None:
    """The packet gets lost."""


async def half_close(_on: On, link: Link, packet: bytes) -> None:
    """The broker gets the packet; the node gets FIN instead of an answer."""
    link.half_close()
    await link.to_broker(packet)


async def send_twice(_on: On, link: Link, packet: bytes) -> None:
    """The node gets the packet twice."""
    await link.deliver(packet)
    await link.to_node(packet)


async def unknown_id(_on: On, link: Link, packet: bytes) -> None:
    """Before the PUBACK, the node gets a PUBACK for a packet that it never sent."""
    await link.to_node(puback(pid(packet) ^ 0x5555))
    await link.deliver(packet)


def cut_inside(size: int) -> Action:
    """The connection ends after ``size`` bytes of the packet."""

    async def act(on: On, link: Link, packet: bytes) -> None:
        await on.sender(link)(packet[:size])
        link.cut()

    return act


def stall_inside(size: int) -> Action:
    """After ``size`` bytes of the packet nothing more comes until the behaviour ends."""

    async def act(on: On, link: Link, packet: bytes) -> None:
        await on.sender(link)(packet[:size])
        await on.over.wait()
        await on.sender(link)(packet[size:])
        link.note(packet)

    return act


def send_instead(data: bytes) -> Action:
    """The node gets ``data`` instead of the packet."""

    async def act(_on: On, link: Link, _packet: bytes) -> None:
        await link.to_node(data)

    return act


async def refuse(on: On, link: Link, _packet: bytes) -> None:
    """CONNACK refuses with the codes 1, 2 ... 5, 1, 2 ..."""
    await link.to_node(bytes((0x20, 2, 0, 1 + (on.acts - 1) % _REFUSAL_CODES)))
    link.cut()


async def command(on: On, link: Link, packet: bytes) -> None:
    """The node gets a ping command before the answer to its message with readings."""
    node, name = topic(packet).rsplit("/", 1)
    if name in READINGS:
        number = 0x7000 + on.acts
        link.proxy.injected.add(number)
        await link.to_node(publish(f"{node}/cmd/ping", b'{"id":"%d"}' % on.acts, number))
    await link.to_broker(packet)
