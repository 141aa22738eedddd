"""What may happen instead of one packet; see On in behaviours.py."""

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
    "instead",
    "refuse",
    "reset",
    "stall_inside",
    "twice",
    "unknown_id",
]

GARBAGE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
# a PUBLISH that says it has 268,435,455 bytes, the most that MQTT can say, and some of them
OVERSIZED = b"\x30\xff\xff\xff\x7f" + bytes(20_000)
_CODES = 5  # MQTT 3.1.1, 3.2.2.3


async def close(_on: On, link: Link, packet: bytes) -> None:
    """The broker gets the packet, then the connection ends."""
    await link.to_broker(packet)
    link.cut()


async def reset(_on: On, link: Link, _packet: bytes) -> None:
    """RST instead of the packet."""
    link.cut(reset=True)


async def drop(_on: On, _link: Link, _packet: bytes) -> None:
    """The packet is swallowed."""


async def half_close(_on: On, link: Link, packet: bytes) -> None:
    """The broker gets the packet; FIN to the node instead of any answer."""
    link.half_close()
    await link.to_broker(packet)


async def twice(_on: On, link: Link, packet: bytes) -> None:
    """The packet comes twice."""
    await link.deliver(packet)
    await link.to_node(packet)


async def unknown_id(_on: On, link: Link, packet: bytes) -> None:
    """Before the PUBACK one comes for a packet that was never sent."""
    await link.to_node(puback(pid(packet) ^ 0x5555))
    await link.deliver(packet)


def cut_inside(at: int) -> Action:
    """The connection ends after ``at`` bytes of the packet."""

    async def act(on: On, link: Link, packet: bytes) -> None:
        await on.sender(link)(packet[:at])
        link.cut()

    return act


def stall_inside(at: int) -> Action:
    """After ``at`` bytes of the packet nothing more comes until the behaviour is over."""

    async def act(on: On, link: Link, packet: bytes) -> None:
        await on.sender(link)(packet[:at])
        await on.over.wait()
        await on.sender(link)(packet[at:])
        link.note(packet)

    return act


def instead(data: bytes) -> Action:
    """The node gets ``data``, not the packet."""

    async def act(_on: On, link: Link, _packet: bytes) -> None:
        await link.to_node(data)

    return act


async def refuse(on: On, link: Link, _packet: bytes) -> None:
    """CONNACK refuses with 1, 2 ... 5, 1, 2 ..."""
    await link.to_node(bytes((0x20, 2, 0, 1 + (on.acts - 1) % _CODES)))
    link.cut()


async def command(on: On, link: Link, packet: bytes) -> None:
    """A ping command comes to the node before its message with readings is answered."""
    node, what = topic(packet).rsplit("/", 1)
    if what in READINGS:
        number = 0x7000 + on.acts
        link.injected.add(number)
        await link.to_node(publish(f"{node}/cmd/ping", b'{"id":"%d"}' % on.acts, number))
    await link.to_broker(packet)
