"""The scenarios of nodes that post, by HTTP and by CoAP."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from edgewise.reliability import actions
from edgewise.reliability.behaviours import (
    Action,
    Behaviour,
    Delay,
    Drip,
    Freeze,
    Ignore,
    On,
    Refuse,
    Silent,
)
from edgewise.reliability.datagrams import Double, Lose, Scatter
from edgewise.reliability.proxy import Link
from edgewise.reliability.scenarios import (
    HOST_BY_NAME,
    Scenario,
    Script,
    disturb,
    flap,
    on_packet,
)
from edgewise.reliability.stage import BrokerAway, NamesWrong, NoWifi, Stage
from edgewise.reliability.talks import ANSWER, REQUEST

__all__ = ["COAP_KINDS", "HTTP_KINDS", "POSTING"]

_IN_HEAD = 30  # bytes of a request; it is cut inside its head
_GARBAGE = b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"
_HEADLESS = b"HTTP/1.1 200 OK\r\n" + b"X-Filler: y\r\n" * 2000  # a head without an end
_HUGE = b"HTTP/1.1 200 OK\r\nContent-Length: 268435455\r\n\r\n" + bytes(20_000)
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
_STATUSES = ("400 Bad Request", "401 Unauthorized", "413 Content Too Large", "429 Slow Down")
_FAULTS = ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable")
# 4.00, 4.01, 4.08, 4.13, 4.29, 5.00, 5.03
_CODES = (0x80, 0x81, 0x88, 0x8D, 0x9D, 0xA0, 0xA3)
_LONG_S = 200.0
_LATE_S = 15  # later than a node waits


def _refuse_http(*statuses: str) -> Action:
    """The server does not get the request; the node gets one status after the other."""
    turns = itertools.cycle(statuses)

    async def act(_on: On, link: Link, _packet: bytes) -> None:
        await link.to_node(f"HTTP/1.1 {next(turns)}\r\nContent-Length: 0\r\n\r\n".encode())
        link.cut()

    return act


def _coap_answer(packet: bytes, code: int, rest: bytes = b"") -> bytes:
    return bytes((0x64, code)) + packet[2:8] + rest


def _refuse_coap(*codes: int) -> Action:
    """The server does not get the request; the node gets one code after the other."""
    turns = itertools.cycle(codes)

    async def act(_on: On, link: Link, packet: bytes) -> None:
        await link.to_node(_coap_answer(packet, next(turns)))

    return act


async def _reset_coap(_on: On, link: Link, packet: bytes) -> None:
    """The node gets a reset in the place of an answer."""
    await link.to_node(b"\x70\x00" + packet[2:4])


async def _announce(_on: On, link: Link, packet: bytes) -> None:
    """The node gets the acknowledgement alone: the answer never comes."""
    await link.to_node(b"\x60\x00" + packet[2:4])


async def _oversize(_on: On, link: Link, packet: bytes) -> None:
    """The node gets an answer of 1,400 bytes."""
    await link.deliver(packet + b"\xff" + bytes(1400))


def _both(uplink: str, server: str) -> list[Scenario]:
    # what may happen to any uplink
    rows: list[tuple[str, str, Script, dict[str, Any], int]] = [
        ("refused", "port closed", disturb(lambda s: Refuse()), {}, 200),
        ("flapping", "port closed every other 2 s", flap, {}, 200),
        ("frozen", "nothing passes, then all at once", disturb(lambda s: Freeze()), {}, 200),
        ("swallowed", "answers swallowed", on_packet(ANSWER, actions.drop), {}, 200),
        ("twice", "every answer twice", on_packet(ANSWER, actions.send_twice), {}, 200),
        ("delay-500", "answers 500 ms late", disturb(lambda s: Delay(0.5)), {}, 200),
        ("delay-3000", "answers 3 s late", disturb(lambda s: Delay(3)), {}, 200),
        ("delay-15000", "answers 15 s late", disturb(lambda s: Delay(_LATE_S)), {}, 200),
        (
            "outbox-full",
            "port closed for 100 readings, outbox of 20",
            disturb(lambda s: Refuse(), 200),
            {"outbox": 20},
            260,
        ),
        ("restart", f"{server} stopped and started", disturb(lambda s: BrokerAway(s)), {}, 200),
        ("no-wifi", "Wi-Fi gone", disturb(lambda s: NoWifi(s)), {}, 200),
        (
            "dns-unknown",
            "name not known",
            disturb(lambda s: NamesWrong(s, "unknown")),
            HOST_BY_NAME,
            200,
        ),
    ]
    return [
        Scenario(f"{uplink}-{name}", what, script, config, slots, uplink=uplink)
        for name, what, script, config, slots in rows
    ]


def _http(name: str, what: str, script: Script) -> Scenario:
    return Scenario(f"http-{name}", what, script, uplink="http")


def _coap(name: str, what: str, script: Script) -> Scenario:
    return Scenario(f"coap-{name}", what, script, uplink="coap")


POSTING = (
    *_both("http", "collector"),
    _http("syn-ignored", "SYNs and packets vanish", disturb(lambda s: Ignore())),
    _http("silent", "accepted, never answered", disturb(lambda s: Silent())),
    _http("reset", "RST instead of a request", on_packet(REQUEST, actions.reset, 2)),
    _http("half-closed", "FIN from the server's side", on_packet(REQUEST, actions.half_close, 2)),
    _http(
        "cut-up", "closed inside a request", on_packet(REQUEST, actions.cut_inside(_IN_HEAD), 2)
    ),
    _http("cut-down", "closed inside an answer", on_packet(ANSWER, actions.cut_inside(9), 2)),
    _http(
        "stalled-up",
        "stalled inside a request",
        on_packet(REQUEST, actions.stall_inside(_IN_HEAD), 2),
    ),
    _http(
        "stalled-down", "stalled inside an answer", on_packet(ANSWER, actions.stall_inside(9), 2)
    ),
    _http(
        "garbage", "SSH instead of an answer", on_packet(ANSWER, actions.send_instead(_GARBAGE), 2)
    ),
    _http(
        "headless",
        "answers without an end of their head",
        on_packet(ANSWER, actions.send_instead(_HEADLESS), 2),
    ),
    _http("oversized", "an answer of 256 MB", on_packet(ANSWER, actions.send_instead(_HUGE), 2)),
    _http("chunked", "answers in chunks", on_packet(ANSWER, actions.send_instead(_CHUNKED), 2)),
    _http("4xx", "refused with 400 to 429", on_packet(REQUEST, _refuse_http(*_STATUSES), 2)),
    _http("5xx", "refused with 500 to 503", on_packet(REQUEST, _refuse_http(*_FAULTS), 2)),
    _http("login-page", "302 to a login page", on_packet(REQUEST, _refuse_http("302 Found"))),
    _http("bytes", "one byte at a time, 5 ms apart", disturb(lambda s: Drip(0.005))),
    _http("drip", "one byte in 500 ms", disturb(lambda s: Drip(0.5))),
    *_both("coap", "collector"),
    _coap("loss-10", "each tenth datagram lost, for 200 s", disturb(lambda s: Lose(0.1), _LONG_S)),
    _coap(
        "loss-50", "each second datagram lost, for 200 s", disturb(lambda s: Lose(0.5), _LONG_S)
    ),
    _coap("double", "each datagram twice, for 200 s", disturb(lambda s: Double(), _LONG_S)),
    _coap(
        "scatter",
        "each twice, up to 4 s late, in any order, for 200 s",
        disturb(lambda s: Scatter(4), _LONG_S),
    ),
    _coap("lost-requests", "no request arrives", on_packet(REQUEST, actions.drop)),
    _coap("garbage", "SSH instead of answers", on_packet(ANSWER, actions.send_instead(_GARBAGE))),
    _coap("announced", "acknowledged, never answered", on_packet(REQUEST, _announce)),
    _coap("reset", "resets instead of answers", on_packet(ANSWER, _reset_coap)),
    _coap("4xx-5xx", "refused with 4.00 to 5.03", on_packet(REQUEST, _refuse_coap(*_CODES))),
    _coap("oversized", "answers of 1,400 bytes", on_packet(ANSWER, _oversize)),
)

Make = Callable[[Stage], Behaviour]
_ANY_KINDS: tuple[Make, ...] = (
    lambda s: Refuse(),
    lambda s: Freeze(),
    lambda s: NoWifi(s),
    lambda s: BrokerAway(s),
    lambda s: Delay(3),
    lambda s: On(ANSWER, actions.drop),
    lambda s: On(ANSWER, actions.send_instead(_GARBAGE)),
)
# for the soak
HTTP_KINDS: tuple[Make, ...] = (
    *_ANY_KINDS,
    lambda s: Ignore(),
    lambda s: Silent(),
    lambda s: On(ANSWER, actions.send_instead(_HEADLESS)),
    lambda s: On(ANSWER, actions.send_instead(_HUGE)),
    lambda s: On(ANSWER, actions.cut_inside(12)),
    lambda s: On(ANSWER, actions.stall_inside(9)),
    lambda s: On(REQUEST, actions.cut_inside(_IN_HEAD)),
    lambda s: On(REQUEST, actions.stall_inside(1)),
    lambda s: On(REQUEST, actions.reset),
    lambda s: On(REQUEST, actions.half_close),
    lambda s: On(REQUEST, _refuse_http(*_STATUSES, *_FAULTS)),
)
COAP_KINDS: tuple[Make, ...] = (
    *_ANY_KINDS,
    lambda s: Lose(0.3),
    lambda s: Lose(0.7),
    lambda s: Double(),
    lambda s: Scatter(4),
    lambda s: On(REQUEST, actions.drop),
    lambda s: On(REQUEST, _announce),
    lambda s: On(REQUEST, _refuse_coap(*_CODES)),
    lambda s: On(ANSWER, _reset_coap),
    lambda s: On(ANSWER, _oversize),
)
