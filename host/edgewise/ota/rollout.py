"""Which nodes get a new model when: a few first, then the rest in stages, until one fails."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from multiprocessing.pool import ThreadPool
from typing import Any, Protocol

from edgewise.errors import InputError, OutsideError
from edgewise.ota.push import Verdict

__all__ = ["Nodes", "Outcome", "Plan", "Rollout", "State", "parse_percent"]

_AT_ONCE = 8


class State(StrEnum):
    """Where a node is on the way to the new model."""

    waiting = "waiting"
    sending = "sending"
    trial = "on trial"
    confirmed = "confirmed"
    already = "runs it already"
    failed = "failed"
    unreached = "no answer"
    offline = "offline"


_HAS_IT = (State.confirmed, State.already)
_LATER = (State.unreached, State.offline)


@dataclass(frozen=True)
class Plan:
    """``canary``: nodes that confirm the model before others get it; ``percent``: of the rest, in
    each stage after them; ``is_staged``: whether a failure ends it."""

    canary: int = 0
    percent: float = 100
    is_staged: bool = True

    def goals(self, n: int) -> list[int]:
        """How many of ``n`` nodes have the model at the end of each stage."""
        first = min(self.canary, n)
        step = max(1, math.ceil((n - first) * self.percent / 100 - 1e-9))
        return [*([first] if first else []), *range(first + step, n, step), *([n] * (n > first))]


def parse_percent(text: str) -> float:
    """``20%`` or ``20`` as 20.0; InputError unless it is from 1 to 100."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%?", text.strip())
    if match is None or not 1 <= float(match[1]) <= 100:
        raise InputError(f"--then {text!r}: give a share of the other nodes from 1% to 100%")
    return float(match[1])


class Nodes(Protocol):
    """What a rollout does to nodes; both raise OutsideError where a node does not answer."""

    def crc(self, node: str, on_trial: Callable[[], None]) -> str:
        """The last four bytes of the model.bin that ``node`` runs, in hex, once none is on trial;
        "" where it cannot tell. ``on_trial`` is called while one is."""

    def push(self, node: str, progress: Callable[[int, int], None]) -> Verdict:
        """The verdict of ``node`` on the new model; ``progress``: as in `push`."""


@dataclass(frozen=True)
class Outcome:
    """``state`` of a node, why it is so, and the verdict where it gave one."""

    state: State
    error: str | None = None
    verdict: Verdict | None = None
    sent: tuple[int, int] = (0, 0)  # bytes, of how many

    @property
    def has_model(self) -> bool:
        return self.state in _HAS_IT

    def as_dict(self) -> dict[str, Any]:
        """For JSON: ``state``, and the keys of a Verdict but ``answered``, which it tells."""
        verdict = asdict(self.verdict or Verdict(self.has_model, self.error))
        del verdict["answered"]
        return {"state": str(self.state), **verdict}


def _ignore(*_: Any) -> None:
    pass


@dataclass
class Rollout:
    """The push of one model to ``names``; ``outcomes`` tells how far each is.

    ``crc``: of the new model. ``offline``: those of the names that the broker reports offline.
    ``on_change``: called with a node and its outcome, from several threads. ``on_stage``: called
    with the number of the stage, of how many, and its nodes. ``is_stopped``: set it to begin with
    no further node.
    """

    nodes: Nodes
    names: Sequence[str]
    crc: str
    plan: Plan
    offline: frozenset[str] = frozenset()
    on_change: Callable[[str, Outcome], Any] = _ignore
    on_stage: Callable[[int, int, list[str]], Any] = _ignore
    is_stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.outcomes = {name: Outcome(State.waiting) for name in self.names}

    def updated_nodes(self) -> list[str]:
        """The nodes that run the new model."""
        return [name for name, outcome in self.outcomes.items() if outcome.has_model]

    def nodes_in(self, *states: State) -> list[str]:
        """The nodes in one of these states."""
        return [name for name, outcome in self.outcomes.items() if outcome.state in states]

    @property
    def later(self) -> list[str]:
        """The nodes that were not reached."""
        return self.nodes_in(*_LATER)

    def run(self) -> None:
        """Bring the model to all nodes that can be reached and lack it, stage by stage.

        A node that already runs it counts as confirmed, so that a rollout which was stopped goes
        on where it was.
        """
        for name in self.names:
            if name in self.offline:
                self._set(name, Outcome(State.offline, "the broker reports it offline"))
        with ThreadPool(_AT_ONCE) as pool:
            pool.map(self._look, self.nodes_in(State.waiting), 1)
            goals = self.plan.goals(len(self.names))
            for number, goal in enumerate(goals, 1):
                if not self._run_stage(pool, number, len(goals), goal):
                    return

    def _run_stage(self, pool: ThreadPool, number: int, total: int, goal: int) -> bool:
        # False: no further stage. One that was not reached is replaced by the next.
        while (n := goal - len(self.updated_nodes())) > 0 and (
            waiting := self.nodes_in(State.waiting)
        ):
            if self._must_stop():
                return False
            self.on_stage(number, total, waiting[:n])
            pool.map(self._push, waiting[:n], 1)
        return not self._must_stop()

    def _must_stop(self) -> bool:
        return self.is_stopped.is_set() or (
            self.plan.is_staged and bool(self.nodes_in(State.failed))
        )

    def _look(self, name: str) -> None:
        try:
            crc = self.nodes.crc(name, lambda: self._set(name, Outcome(State.trial)))
        except OutsideError as e:
            self._set(name, Outcome(State.unreached, str(e)))
            return
        state = State.already if crc == self.crc else State.waiting
        if state != self.outcomes[name].state:
            self._set(name, Outcome(state))

    def _push(self, name: str) -> None:
        if self._must_stop():
            return
        self._set(name, Outcome(State.sending))

        def show(sent: int, total: int) -> None:
            state = State.trial if sent == total else State.sending
            self._set(name, Outcome(state, sent=(sent, total)))

        verdict = self.nodes.push(name, show)
        if verdict.ok:
            self._set(name, Outcome(State.confirmed, None, verdict))
        elif not verdict.answered:
            self._set(name, Outcome(State.unreached, verdict.error, verdict))
        else:
            self._set(name, Outcome(State.failed, verdict.error, verdict))

    def _set(self, name: str, outcome: Outcome) -> None:
        self.outcomes[name] = outcome
        self.on_change(name, outcome)
