"""The scenarios by name: what happens to the node, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    Pass,
    Refuse,
    Silent,
)
from edgewise.reliability.names import NAME
from edgewise.reliability.packets import CONNACK, CONNECT, PINGRESP, PUBACK, PUBLISH
from edgewise.reliability.stage import BrokerAway, NamesWrong, NoWifi, Stage

__all__ = ["SCENARIOS", "Phase", "Scenario"]

_GOOD_S = 20.0
_BAD_S = 60.0
_IN_TOPIC = 7  # bytes of a PUBLISH; it is cut inside the topic
_FLAPS = 15

# (behaviour, seconds on the node's clock); after the last phase everything passes
Phase = tuple[Behaviour, float]
Script = Callable[[Stage], list[Phase]]


@dataclass(frozen=True)
class Scenario:
    """One node takes ``slots`` readings, one every ``period_ms``, while ``script`` runs.

    ``what``: the disturbance in words; ``config``: settings of the node that differ from the
    usual; ``persistent``: mosquitto remembers its subscribers over a restart.
    """

    name: str
    what: str
    script: Script
    config: dict[str, Any] = field(default_factory=dict)
    slots: int = 200
    period_ms: int = 2500  # near the 2000 that a DHT22 allows, with time to catch up
    persistent: bool = True


def _on_packet(packet_kind: int, action: Action, skip: int = 0) -> Script:
    return _disturb(lambda stage: On(packet_kind, action, skip))


def _disturb(make: Callable[[Stage], Behaviour], bad_s: float = _BAD_S) -> Script:
    return lambda stage: [(Pass(), _GOOD_S), (make(stage), bad_s)]


def _flap(_stage: Stage) -> list[Phase]:
    phases: list[Phase] = [(Pass(), _GOOD_S)]
    for _ in range(_FLAPS):
        phases += [(Refuse(), 2), (Pass(), 2)]
    return phases


_HOST_BY_NAME = {"mqtt": {"host": NAME}}

SCENARIOS = (
    Scenario("refused", "port closed", _disturb(lambda s: Refuse())),
    Scenario("refused-first", "port closed from the start", lambda s: [(Refuse(), _BAD_S)]),
    Scenario("flapping", "port closed every other 2 s", _flap),
    Scenario("syn-ignored", "SYNs and packets vanish", _disturb(lambda s: Ignore())),
    Scenario("frozen", "connected, nothing passes", _disturb(lambda s: Freeze())),
    Scenario("silent", "accepted, never answered", _disturb(lambda s: Silent())),
    Scenario("reset", "RST inside a session", _on_packet(PUBLISH, actions.reset, 2)),
    Scenario(
        "half-closed",
        "FIN from the broker's side only",
        _on_packet(PUBLISH, actions.half_close, 2),
    ),
    Scenario("closed-after-connect", "closed after CONNECT", _on_packet(CONNECT, actions.close)),
    Scenario(
        "cut-up",
        "closed inside a packet to the broker",
        _on_packet(PUBLISH, actions.cut_inside(_IN_TOPIC), 2),
    ),
    Scenario(
        "cut-down",
        "closed inside a packet to the node",
        _on_packet(PUBACK, actions.cut_inside(1), 2),
    ),
    Scenario(
        "stalled-up",
        "stalled inside a packet to the broker",
        _on_packet(PUBLISH, actions.stall_inside(_IN_TOPIC), 2),
    ),
    Scenario(
        "stalled-down",
        "stalled inside a packet to the node",
        _on_packet(PUBACK, actions.stall_inside(3), 2),
    ),
    Scenario(
        "garbage-connack",
        "HTTP instead of CONNACK",
        _on_packet(CONNACK, actions.send_instead(actions.GARBAGE)),
    ),
    Scenario(
        "garbage",
        "HTTP instead of PUBACK",
        _on_packet(PUBACK, actions.send_instead(actions.GARBAGE), 2),
    ),
    Scenario(
        "oversized",
        "a packet of 256 MB",
        _on_packet(PUBACK, actions.send_instead(actions.OVERSIZED), 2),
    ),
    Scenario("connack-1-to-5", "CONNACK refuses, 1 to 5", _on_packet(CONNACK, actions.refuse)),
    Scenario("puback-swallowed", "PUBACKs swallowed", _on_packet(PUBACK, actions.drop)),
    Scenario("puback-twice", "every PUBACK twice", _on_packet(PUBACK, actions.send_twice)),
    Scenario("puback-unknown", "PUBACKs of unknown ids", _on_packet(PUBACK, actions.unknown_id)),
    Scenario(
        "pingresp-swallowed",
        "PINGRESPs swallowed",
        _on_packet(PINGRESP, actions.drop),
        {"mqtt": {"keepalive_s": 10}},
        slots=50,
        period_ms=8000,
    ),
    Scenario("delay-50", "answers 50 ms late", _disturb(lambda s: Delay(0.05))),
    Scenario("delay-500", "answers 500 ms late", _disturb(lambda s: Delay(0.5))),
    Scenario("delay-3000", "answers 3 s late", _disturb(lambda s: Delay(3))),
    Scenario("bytes", "one byte at a time, 5 ms apart", _disturb(lambda s: Drip(0.005))),
    Scenario("drip", "one byte in 500 ms", _disturb(lambda s: Drip(0.5))),
    Scenario("command", "a command before each PUBACK", _on_packet(PUBLISH, actions.command)),
    Scenario(
        "outbox-full",
        "port closed for 100 readings, outbox of 20",
        _disturb(lambda s: Refuse(), 200),
        {"outbox": 20},
        slots=260,
    ),
    Scenario(
        "broker-restart", "mosquitto stopped and started", _disturb(lambda s: BrokerAway(s, False))
    ),
    Scenario(
        "broker-forgets",
        "mosquitto restarted without persistence",
        _disturb(lambda s: BrokerAway(s, True)),
        persistent=False,
    ),
    Scenario("no-wifi", "Wi-Fi gone", _disturb(lambda s: NoWifi(s))),
    Scenario(
        "dns-silent",
        "name server silent",
        _disturb(lambda s: NamesWrong(s, "silent")),
        _HOST_BY_NAME,
    ),
    Scenario(
        "dns-unknown",
        "name not known",
        _disturb(lambda s: NamesWrong(s, "unknown")),
        _HOST_BY_NAME,
    ),
    Scenario(
        "dns-garbage",
        "name server talks nonsense",
        _disturb(lambda s: NamesWrong(s, "garbage")),
        _HOST_BY_NAME,
    ),
)
