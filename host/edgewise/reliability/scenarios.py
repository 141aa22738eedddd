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

__all__ = [
    "HOST_BY_NAME",
    "SCENARIOS",
    "Phase",
    "Scenario",
    "Script",
    "disturb",
    "flap",
    "on_packet",
]

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
    usual; ``persistent``: mosquitto remembers its subscribers over a restart; ``uplink``: of the
    node.
    """

    name: str
    what: str
    script: Script
    config: dict[str, Any] = field(default_factory=dict)
    slots: int = 200
    period_ms: int = 2500  # near the 2000 that a DHT22 allows, with time to catch up
    persistent: bool = True
    uplink: str = "mqtt"


def on_packet(packet_kind: int, action: Action, skip: int = 0) -> Script:
    """Return the script in which ``action`` takes the place of packets; see behaviours.On."""
    return disturb(lambda stage: On(packet_kind, action, skip))


def disturb(make: Callable[[Stage], Behaviour], bad_s: float = _BAD_S) -> Script:
    """Return the script in which everything passes at first, then ``make`` for ``bad_s``."""
    return lambda stage: [(Pass(), _GOOD_S), (make(stage), bad_s)]


def flap(_stage: Stage) -> list[Phase]:
    """Return phases in which the port is closed every other 2 s."""
    phases: list[Phase] = [(Pass(), _GOOD_S)]
    for _ in range(_FLAPS):
        phases += [(Refuse(), 2), (Pass(), 2)]
    return phases


HOST_BY_NAME = {"mqtt": {"host": NAME}}

SCENARIOS = (
    Scenario("refused", "port closed", disturb(lambda s: Refuse())),
    Scenario("refused-first", "port closed from the start", lambda s: [(Refuse(), _BAD_S)]),
    Scenario("flapping", "port closed every other 2 s", flap),
    Scenario("syn-ignored", "SYNs and packets vanish", disturb(lambda s: Ignore())),
    Scenario("frozen", "connected, nothing passes", disturb(lambda s: Freeze())),
    Scenario("silent", "accepted, never answered", disturb(lambda s: Silent())),
    Scenario("reset", "RST inside a session", on_packet(PUBLISH, actions.reset, 2)),
    Scenario(
        "half-closed",
        "FIN from the broker's side only",
        on_packet(PUBLISH, actions.half_close, 2),
    ),
    Scenario("closed-after-connect", "closed after CONNECT", on_packet(CONNECT, actions.close)),
    Scenario(
        "cut-up",
        "closed inside a packet to the broker",
        on_packet(PUBLISH, actions.cut_inside(_IN_TOPIC), 2),
    ),
    Scenario(
        "cut-down",
        "closed inside a packet to the node",
        on_packet(PUBACK, actions.cut_inside(1), 2),
    ),
    Scenario(
        "stalled-up",
        "stalled inside a packet to the broker",
        on_packet(PUBLISH, actions.stall_inside(_IN_TOPIC), 2),
    ),
    Scenario(
        "stalled-down",
        "stalled inside a packet to the node",
        on_packet(PUBACK, actions.stall_inside(3), 2),
    ),
    Scenario(
        "garbage-connack",
        "HTTP instead of CONNACK",
        on_packet(CONNACK, actions.send_instead(actions.GARBAGE)),
    ),
    Scenario(
        "garbage",
        "HTTP instead of PUBACK",
        on_packet(PUBACK, actions.send_instead(actions.GARBAGE), 2),
    ),
    Scenario(
        "oversized",
        "a packet of 256 MB",
        on_packet(PUBACK, actions.send_instead(actions.OVERSIZED), 2),
    ),
    Scenario("connack-1-to-5", "CONNACK refuses, 1 to 5", on_packet(CONNACK, actions.refuse)),
    Scenario("puback-swallowed", "PUBACKs swallowed", on_packet(PUBACK, actions.drop)),
    Scenario("puback-twice", "every PUBACK twice", on_packet(PUBACK, actions.send_twice)),
    Scenario("puback-unknown", "PUBACKs of unknown ids", on_packet(PUBACK, actions.unknown_id)),
    Scenario(
        "pingresp-swallowed",
        "PINGRESPs swallowed",
        on_packet(PINGRESP, actions.drop),
        {"mqtt": {"keepalive_s": 10}},
        slots=50,
        period_ms=8000,
    ),
    Scenario("delay-50", "answers 50 ms late", disturb(lambda s: Delay(0.05))),
    Scenario("delay-500", "answers 500 ms late", disturb(lambda s: Delay(0.5))),
    Scenario("delay-3000", "answers 3 s late", disturb(lambda s: Delay(3))),
    Scenario("bytes", "one byte at a time, 5 ms apart", disturb(lambda s: Drip(0.005))),
    Scenario("drip", "one byte in 500 ms", disturb(lambda s: Drip(0.5))),
    Scenario("command", "a command before each PUBACK", on_packet(PUBLISH, actions.command)),
    Scenario(
        "outbox-full",
        "port closed for 100 readings, outbox of 20",
        disturb(lambda s: Refuse(), 200),
        {"outbox": 20},
        slots=260,
    ),
    Scenario(
        "broker-restart", "mosquitto stopped and started", disturb(lambda s: BrokerAway(s, False))
    ),
    Scenario(
        "broker-forgets",
        "mosquitto restarted without persistence",
        disturb(lambda s: BrokerAway(s, True)),
        persistent=False,
    ),
    Scenario("no-wifi", "Wi-Fi gone", disturb(lambda s: NoWifi(s))),
    Scenario(
        "dns-silent",
        "name server silent",
        disturb(lambda s: NamesWrong(s, "silent")),
        HOST_BY_NAME,
    ),
    Scenario(
        "dns-unknown",
        "name not known",
        disturb(lambda s: NamesWrong(s, "unknown")),
        HOST_BY_NAME,
    ),
    Scenario(
        "dns-garbage",
        "name server talks nonsense",
        disturb(lambda s: NamesWrong(s, "garbage")),
        HOST_BY_NAME,
    ),
)
