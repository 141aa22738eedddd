"""The soak: many random outages for one node, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Callable

from edgewise.reliability import actions
from edgewise.reliability.behaviours import (
    Behaviour,
    Delay,
    Freeze,
    Ignore,
    On,
    Pass,
    Refuse,
    Silent,
)
from edgewise.reliability.packets import CONNACK, CONNECT, PUBACK, PUBLISH
from edgewise.reliability.posting import COAP_KINDS, HTTP_KINDS
from edgewise.reliability.scenarios import Phase, Scenario
from edgewise.reliability.stage import BrokerAway, NoWifi, Stage

__all__ = ["soak"]

_KINDS: tuple[Callable[[Stage], Behaviour], ...] = (
    lambda s: Refuse(),
    lambda s: Ignore(),
    lambda s: Freeze(),
    lambda s: Silent(),
    lambda s: NoWifi(s),
    lambda s: BrokerAway(s, False),
    lambda s: Delay(3),
    lambda s: On(CONNECT, actions.close),
    lambda s: On(CONNACK, actions.refuse),
    lambda s: On(CONNACK, actions.send_instead(actions.GARBAGE)),
    lambda s: On(PUBACK, actions.send_instead(actions.GARBAGE)),
    lambda s: On(PUBACK, actions.send_instead(actions.OVERSIZED)),
    lambda s: On(PUBACK, actions.drop),
    lambda s: On(PUBACK, actions.cut_inside(2)),
    lambda s: On(PUBACK, actions.stall_inside(1)),
    lambda s: On(PUBLISH, actions.cut_inside(9)),
    lambda s: On(PUBLISH, actions.stall_inside(1)),
    lambda s: On(PUBLISH, actions.reset),
    lambda s: On(PUBLISH, actions.half_close),
)
_BAD_S = (1.0, 12.0)
_GOOD_S = (2.0, 10.0)
_AFTER_S = 120  # for the longest back-off and the readings that wait


def soak(outages: int, seed: int = 4, uplink: str = "mqtt") -> Scenario:
    """Return a scenario of ``outages`` with random kinds, lengths and pauses."""
    rng = random.Random(seed)
    kinds = {"mqtt": _KINDS, "http": HTTP_KINDS, "coap": COAP_KINDS}[uplink]
    plan = [
        (rng.choice(kinds), rng.uniform(*_BAD_S), rng.uniform(*_GOOD_S)) for _ in range(outages)
    ]
    total_s = sum(bad_s + good_s for _, bad_s, good_s in plan) + _AFTER_S

    def script(stage: Stage) -> list[Phase]:
        phases: list[Phase] = []
        for make, bad_s, good_s in plan:
            phases += [(Pass(), good_s), (make(stage), bad_s)]
        return phases

    name = "soak" if uplink == "mqtt" else f"{uplink}-soak"
    what = f"{outages} outages drawn with seed {seed}"
    return Scenario(name, what, script, slots=round(total_s / 2), uplink=uplink)
