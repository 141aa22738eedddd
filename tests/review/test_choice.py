"""Which candidates are chosen: useful ones, of all kinds and classes, spread over time."""

from __future__ import annotations

from itertools import pairwise

from edgewise.review import Proposal, Span, choose
from edgewise.review.choice import APART_S
from edgewise.review.proposal import UNSURE, UNUSUAL

HALF_S = 1800.0


def half(number: int, cls: str | None, usefulness: float, kind: str = UNSURE) -> Proposal:
    return Proposal(Span(number * HALF_S, (number + 1) * HALF_S), kind, "", cls, usefulness)


def test_ten_at_most_and_apart() -> None:
    chosen = choose([half(i, "a", 0.5) for i in range(200)], [])
    assert len(chosen) == 10
    middles = sorted(p.span.middle_s for p in chosen)
    assert min(b - a for a, b in pairwise(middles)) >= APART_S
    within_an_hour = [half(i, "a", 0.5) for i in range(3)]
    assert len(choose(within_an_hour, [])) == 1


def test_the_most_useful_first_and_no_label() -> None:
    candidates = [half(0, "a", 0.3), half(50, "a", 0.9), half(100, "a", 0.6)]
    assert [p.usefulness for p in choose(candidates, [])] == [0.9, 0.6, 0.3]
    label = Span(50 * HALF_S + 1700, 51 * HALF_S)
    assert [p.usefulness for p in choose(candidates, [label])] == [0.6, 0.3]
    beside = Span(99 * HALF_S, 100 * HALF_S)  # an almost equal reading has a label
    assert [p.usefulness for p in choose(candidates, [beside])] == [0.9, 0.3, 0.6]
    assert choose(candidates, [Span(0, 1e9)]) == []


def test_unusual_ones_and_classes_take_turns() -> None:
    many = [half(10 * i, "often", 0.9) for i in range(20)]
    rare = [half(5 + 10 * i, "rare", 0.2) for i in range(3)]
    unusual = [half(300 + 10 * i, None, 1.0, UNUSUAL) for i in range(2)]
    chosen = choose([*many, *rare, *unusual], [])
    names = [p.kind if p.kind == UNUSUAL else p.cls for p in chosen]
    turn = [UNUSUAL, "rare", "often"]
    assert names == [*turn, *turn, "rare", "often", "often", "often"]


def test_long_episodes_that_overlap_come_once() -> None:
    day = Proposal(Span(0, 86400), UNUSUAL, "", None, 1.0)
    assert choose([day, half(1, "a", 0.9), half(60, "a", 0.5)], []) == [day, half(60, "a", 0.5)]
