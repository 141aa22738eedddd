"""The stages of a push, with nodes whose answers are made up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import groupby

import pytest

from edgewise.errors import InputError, OutsideError
from edgewise.ota import Plan, Rollout, State, Verdict, parse_percent

CRC = "0a0b0c0d"
GOOD = Verdict(True, None, 0.5, 2.0, 62.0)
BAD = Verdict(False, "golden vector 7 gives another class", 0.5)
SILENT = Verdict(False, "no answer within 60 s", answered=False)


class FakeNodes:
    """``verdicts``: those that are not good; ``running``: the CRC that a node runs, None: it does
    not answer; ``pushed``: the nodes in the order of their pushes."""

    def __init__(
        self,
        verdicts: dict[str, Verdict] | None = None,
        running: dict[str, str | None] | None = None,
    ) -> None:
        self.verdicts = verdicts or {}
        self.running = running or {}
        self.pushed: list[str] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def crc(self, node: str, on_trial: Callable[[], None]) -> str:
        on_trial()
        crc = self.running.get(node, "old")
        if crc is None:
            raise OutsideError(f"node {node}: no answer")
        return crc

    def push(self, node: str, progress: Callable[[int, int], None]) -> Verdict:
        with self._lock:
            self.pushed.append(node)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        progress(0, 9)
        progress(9, 9)
        verdict = self.verdicts.get(node, GOOD)
        with self._lock:
            self.at_once -= 1
            if verdict.ok:
                self.running[node] = CRC
        return verdict


NAMES = [f"n{i:02}" for i in range(12)]


def roll(
    nodes: FakeNodes, plan: Plan, names: list[str] = NAMES, offline: tuple[str, ...] = ()
) -> tuple[Rollout, list[list[str]]]:
    """The rollout at its end, and the nodes of each stage."""
    stages: list[list[str]] = []
    rollout = Rollout(
        nodes,
        names,
        CRC,
        plan,
        frozenset(offline),
        on_stage=lambda number, total, stage: stages.append(stage),
    )
    rollout.run()
    return rollout, stages


def test_goals() -> None:
    assert Plan(2, 20).goals(12) == [2, 4, 6, 8, 10, 12]
    assert Plan(2, 25).goals(12) == [2, 5, 8, 11, 12]
    assert Plan(0, 100).goals(12) == [12]
    assert Plan(2).goals(12) == [2, 12]
    assert Plan(1, 1).goals(4) == [1, 2, 3, 4]
    assert Plan(5, 50).goals(3) == [3]
    assert Plan(1, 50).goals(1) == [1]
    assert Plan(0, 70).goals(10) == [7, 10]


def test_percent() -> None:
    assert [parse_percent(text) for text in ("20%", "20", "12.5 %", "100%")] == [20, 20, 12.5, 100]
    for text in ("0%", "101%", "", "%", "-5%", "1e1", "nan", "20%%"):
        with pytest.raises(InputError, match="give a share of the other nodes from 1% to 100%"):
            parse_percent(text)


def test_a_few_first_then_stages() -> None:
    rollout, stages = roll(FakeNodes(), Plan(2, 30))
    assert stages == [NAMES[:2], NAMES[2:5], NAMES[5:8], NAMES[8:11], NAMES[11:]]
    assert rollout.updated_nodes() == NAMES
    assert {o.state for o in rollout.outcomes.values()} == {State.confirmed}


def test_without_stages_all_are_tried() -> None:
    nodes = FakeNodes({"n03": BAD})
    rollout, stages = roll(nodes, Plan(is_staged=False))
    assert stages == [NAMES]
    assert sorted(nodes.pushed) == NAMES
    assert nodes.most_at_once <= 8
    assert rollout.nodes_in(State.failed) == ["n03"]
    assert len(rollout.updated_nodes()) == 11


def test_a_failed_canary_stops_it_and_the_same_again_goes_on() -> None:
    nodes = FakeNodes({"n01": BAD})
    rollout, stages = roll(nodes, Plan(2, 50))
    assert stages == [["n00", "n01"]]
    assert rollout.updated_nodes() == ["n00"]
    assert rollout.nodes_in(State.failed) == ["n01"]
    assert rollout.outcomes["n01"].error == BAD.error
    assert rollout.nodes_in(State.waiting) == NAMES[2:]
    nodes.verdicts.clear()
    rollout, stages = roll(nodes, Plan(2, 50))
    assert stages == [["n01"], NAMES[2:7], NAMES[7:]]
    assert rollout.outcomes["n00"].state == State.already
    assert rollout.updated_nodes() == NAMES
    assert nodes.pushed.count("n00") == 1


def test_a_failure_in_a_stage_begins_with_no_further_node() -> None:
    names = [f"n{i:03}" for i in range(100)]
    nodes = FakeNodes(dict.fromkeys(names[1:], BAD))
    rollout, stages = roll(nodes, Plan(1), names)
    assert stages == [names[:1], names[1:]]
    assert rollout.updated_nodes() == names[:1]
    assert len(nodes.pushed) <= 1 + 8
    assert set(nodes.pushed[1:]) == set(rollout.nodes_in(State.failed))


def test_no_verdict_after_the_whole_model_is_a_failure() -> None:
    no_verdict = Verdict(False, "no verdict within 300 s", 0.5)
    rollout, stages = roll(FakeNodes({"n00": no_verdict}), Plan(1))
    assert (rollout.nodes_in(State.failed), stages) == (["n00"], [["n00"]])


def test_nodes_that_are_not_reached_are_left_and_others_take_their_place() -> None:
    nodes = FakeNodes({"n02": SILENT}, {"n01": None})
    rollout, stages = roll(nodes, Plan(2, 50), NAMES[:6], offline=("n00",))
    assert stages == [["n02", "n03"], ["n04"], ["n05"]]
    assert rollout.later == ["n00", "n01", "n02"]
    assert rollout.outcomes["n00"].state == State.offline
    assert rollout.outcomes["n00"].error == "the broker reports it offline"
    assert rollout.outcomes["n01"].error == "node n01: no answer"
    assert rollout.updated_nodes() == ["n03", "n04", "n05"]


def test_a_node_that_cannot_tell_its_model_gets_it() -> None:
    nodes = FakeNodes(running={"n00": "", "n01": CRC})
    rollout, stages = roll(nodes, Plan(1), NAMES[:3])
    # n01 has confirmed it: that is the canary
    assert stages == [["n00", "n02"]]
    assert rollout.outcomes["n01"].as_dict()["ok"] is True


def test_each_state_is_told() -> None:
    told: list[tuple[str, str]] = []
    rollout = Rollout(
        FakeNodes(),
        ["a"],
        CRC,
        Plan(),
        on_change=lambda name, o: told.append((name, str(o.state))),
    )
    rollout.run()
    assert [key for key, _ in groupby(told)] == [
        ("a", "on trial"),  # of another model
        ("a", "waiting"),
        ("a", "sending"),
        ("a", "on trial"),
        ("a", "confirmed"),
    ]
    assert rollout.outcomes["a"].as_dict() == {
        "state": "confirmed",
        "ok": True,
        "error": None,
        "transfer_s": 0.5,
        "trial_s": 2.0,
        "verdict_s": 62.0,
    }


def test_stopped_from_outside() -> None:
    rollout = Rollout(FakeNodes(), NAMES, CRC, Plan(2, 20))
    rollout.on_stage = lambda number, total, stage: number == 2 and rollout.is_stopped.set()
    rollout.run()
    assert rollout.updated_nodes() == NAMES[:2]
    assert rollout.nodes_in(State.waiting) == NAMES[2:]
