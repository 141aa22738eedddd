"""Many outages drawn at random for one node, the same every time."""

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
    lambda s: On(CONNACK, actions.instead(actions.GARBAGE)),
    lambda s: On(PUBACK, actions.instead(actions.GARBAGE)),
    lambda s: On(PUBACK, actions.instead(actions.OVERSIZED)),
    lambda s: On(PUBACK, actions.drop),
    lambda s: On(PUBACK, actions.cut_inside(2)),
    lambda s: On(PUBACK, actions.stall_inside(1)),
    lambda s: On(PUBLISH, actions.cut_inside(9)),
    lambda s: On(PUBLISH, actions.stall_inside(1)),
    lambda s: On(PUBLISH, actions.reset),
    lambda s: On(PUBLISH, actions.half_close),
)
_WRONG_S = (1.0, 12.0)
_GOOD_S = (2.0, 10.0)
_AFTER_S = 120  # the longest back-off, and what has waited


def soak(outages: int, seed: int = 4) -> Scenario:
    """A scenario of ``outages``, their kinds and lengths and the pauses between drawn."""
    rng = random.Random(seed)
    drawn = [
        (rng.choice(_KINDS), rng.uniform(*_WRONG_S), rng.uniform(*_GOOD_S)) for _ in range(outages)
    ]
    total_s = sum(wrong_s + good_s for _, wrong_s, good_s in drawn) + _AFTER_S

    def script(stage: Stage) -> list[Phase]:
        turns: list[Phase] = []
        for make, wrong_s, good_s in drawn:
            turns += [(Pass(), good_s), (make(stage), wrong_s)]
        return turns

    return Scenario(
        "soak", f"{outages} outages drawn with seed {seed}", script, slots=round(total_s / 2)
    )
