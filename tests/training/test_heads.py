"""What the training gives a model beside its trees, and when it gives nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgewise.package.sequence import Readings
from edgewise.training.heads import choose_heads
from edgewise.training.sequence import Sequence
from edgewise.training.temporal import (
    States,
    count_said,
    delays,
    facts_of,
    filter_classes,
    states_of,
    steps_of,
)

PERIOD_MS = 60_000


def grow_tree(x: np.ndarray, y: np.ndarray) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_leaf_nodes=4, min_samples_leaf=20, random_state=0)
    return tree.fit(x, y)


def make_sequence(y: np.ndarray, x: np.ndarray, nodes: int = 5, starts: int = 1) -> Sequence:
    """Nodes one after the other, each with so many starts."""
    n = len(y) // nodes
    age = np.tile(np.minimum(255, 1 + np.arange(n) % (n // starts)), nodes)
    node = np.repeat([f"n{i}" for i in range(nodes)], n).astype(object)
    readings = Readings(np.ones(len(y), int), y, y)
    return Sequence(
        readings, x.reshape(-1, 1).astype(np.int16), age, y, np.arange(len(y)) * 60.0, node
    )


def stays(r: np.random.Generator, n: int, mean: float) -> np.ndarray:
    """Two classes, each for so many readings on average."""
    return np.cumsum(r.random(n) < 1 / mean) % 2


def choose(sequence: Sequence) -> Any:
    return choose_heads(sequence, grow_tree, 2, PERIOD_MS, True, True, 0)


def test_classes_that_last_are_remembered() -> None:
    r = np.random.default_rng(1)
    y = stays(r, 4000, 60)
    choice = choose(make_sequence(y, 100 * y + r.normal(0, 70, 4000)))
    assert "temporal" in choice.heads
    assert choice.heads["temporal"]["step"][0] > 3800
    assert choice.why[0].startswith("memory between readings on: ")


def test_a_class_that_lasts_now_short_now_long_has_a_state_for_each() -> None:
    # Fault in single readings, which the trees see, and in long runs, of which they see a half.
    r = np.random.default_rng(3)
    y, x = np.zeros(20_000, int), r.normal(0, 30, 20_000)
    for start in range(100, 19_900, 200):
        y[start], x[start] = 1, 300
        if r.random() < 0.5:
            y[start + 40 : start + 90] = 1
            x[start + 40 : start + 90] += 300 * (r.random(50) < 0.5)
    sequence = make_sequence(y, x)
    states = states_of(y, sequence.node, 2)
    assert states.cls == [0, 1, 1]
    assert (states.y[y == 0] == 0).all()
    assert states.y[100] == 2 and (states.y[(y == 1)] == 1).sum() > 1000
    choice = choose(sequence)
    assert choice.heads["temporal"]["state"] == [0, 1, 1]
    assert choice.why[0].startswith("memory between readings on, short and long runs of a class ")


def test_classes_that_change_at_random_are_not() -> None:
    r = np.random.default_rng(2)
    y = r.integers(0, 2, 4000)
    choice = choose(make_sequence(y, 100 * y + r.normal(0, 70, 4000)))
    assert "temporal" not in choice.heads
    assert choice.why[0].startswith("memory between readings off: ")


def test_cold_windows_that_mislead_have_no_class() -> None:
    r = np.random.default_rng(3)
    sequence = make_sequence(stays(r, 6000, 8), np.zeros(6000), starts=12)
    cold = sequence.age <= 10
    x = np.where(cold, r.normal(50, 60, 6000), 100 * sequence.y + r.normal(0, 20, 6000))
    choice = choose(make_sequence(sequence.y, x, starts=12))
    assert choice.cold == choice.heads["unsure"]["readings"] == 10
    assert "readings after a start: no class for the first 10" in " ".join(choice.why)


def test_one_start_says_nothing_of_cold_windows() -> None:
    r = np.random.default_rng(4)
    y = stays(r, 3000, 50)
    choice = choose(make_sequence(y, 100 * y + r.normal(0, 20, 3000), nodes=1))
    assert choice.cold == 0
    assert "not judged, the log has 1 of 5" in choice.why[1]


def test_readings_that_cannot_be_told_have_no_class() -> None:
    r = np.random.default_rng(5)
    y = r.integers(0, 2, 6000)
    clear = r.random(6000) < 0.85
    x = np.where(clear, 200 * y + r.normal(0, 20, 6000), 100 + r.normal(0, 20, 6000))
    choice = choose(make_sequence(y, x))
    assert choice.heads["unsure"]["p"] >= 60
    assert "confidence" in choice.why[-1]


def test_nothing_is_tried_that_is_not_wanted() -> None:
    r = np.random.default_rng(6)
    y = stays(r, 2000, 40)
    sequence = make_sequence(y, 100 * y + r.normal(0, 70, 2000))
    assert choose_heads(sequence, grow_tree, 2, PERIOD_MS, False, False, 0).heads == {}
    only = choose_heads(sequence, grow_tree, 2, PERIOD_MS, False, True, 0)
    assert "temporal" not in only.heads and len(only.why) == 2


def test_steps_are_counted_within_a_node_and_between_labels() -> None:
    y = np.array([0, 0, 1, -1, 1, 0, 0])
    age = np.array([1, 2, 3, 4, 5, 1, 2])
    steps = steps_of(y, age, 2)
    assert (steps.sum(axis=1) == 4096).all()
    # from 0: twice to 0, once to 1, and half of an unseen one each; from 1: nothing was seen
    assert steps[0, 1] == 1 + int(4094 * 1.5 / 4)
    assert steps[1].tolist() == [2048, 2048]


def test_what_the_trees_say_is_counted_for_cold_windows_and_others() -> None:
    y = np.array([0, 0, 1, 1, -1, 1])
    cls = np.array([0, 1, 1, 0, 1, 1])
    age = np.array([1, 2, 5, 6, 7, 255])
    assert count_said(y, cls, age, 2, 2).tolist() == [[[1, 1], [0, 1]], [[0, 0], [1, 1]]]


def test_what_the_trees_say_more_of_one_class_speaks_for_it() -> None:
    # of 960 rows of each class; 40 more of each are spread, 20 for each that may be said
    said = np.array([[[480, 480], [480, 480]], [[930, 30], [180, 780]]])
    facts = facts_of(States(np.zeros(0, int), [0, 1]), np.zeros(0, int), said)
    weights = facts["said"]
    assert "state" not in facts
    assert weights[:4] == [4095] * 4
    assert weights[4:] == [4095, round(4095 * 200 / 950), round(4095 * 50 / 800), 4095]


def test_two_nodes_do_not_share_a_memory() -> None:
    facts = {"step": [4090, 6, 6, 4090], "said": [4095, 455, 455, 4095] * 2}
    cls, age = np.array([0] * 10 + [1]), np.array([*range(10, 20), 1])
    one = filter_classes(facts, cls, age, np.array(["a"] * 11, object), 2)
    two = filter_classes(facts, cls, age, np.array(["a"] * 10 + ["b"], object), 2)
    assert (one.cls[10], two.cls[10]) == (0, 1)


@pytest.mark.parametrize(
    ("y", "cls", "age", "expected"),
    [
        ([0, 0, 1, 1, 1], [0, 0, 0, 1, 1], [1, 2, 3, 4, 5], [1]),
        ([0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [0]),
        ([0, 1, 1, 1, 1], [0, 0, 0, 1, 1], [1, 2, 3, 1, 2], []),
        ([], [], [], []),
    ],
)
def test_how_late_a_change_is_said(
    y: list[int], cls: list[int], age: list[int], expected: list[int]
) -> None:
    assert delays(np.array(y, int), np.array(cls, int), np.array(age, int)) == expected
