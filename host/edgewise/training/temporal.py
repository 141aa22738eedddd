"""A filter over the classes of neighbouring readings: count its tables, and run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.headcheck import SAID_MAX, STATES_MAX, STEP_TOTAL
from edgenode.core.temporal import COLD, Temporal

__all__ = [
    "Filtered",
    "States",
    "count_said",
    "delays",
    "facts_of",
    "filter_classes",
    "states_of",
    "steps_of",
]

_UNSEEN_STEPS = 1.0  # of each class, so that no step is impossible
# Rows of each class that say any class: held-out nodes of Intel were alike with 20, 40 and 100,
# and 0.2 to 0.4 points worse with 1.
_UNSEEN_ROWS = 40.0
# Readings of a short run. Held-out nodes of Intel, fault or not: 10 and 30 were alike, 5 was 0.2
# points worse, 2 was 0.8.
_SHORT = 10
_RUNS_MIN = 20  # short ones, and long ones, of a class that has a state for each


@dataclass(frozen=True)
class Filtered:
    """What is said of rows, by a filter or by the votes alone: ``cls``: int[rows]; ``p_pc``:
    int[rows], percent."""

    cls: NDArray[np.int64]
    p_pc: NDArray[np.int64]


@dataclass(frozen=True)
class States:
    """``y``: int[rows], the state of each label, -1 without one; ``cls``: the class of each."""

    y: NDArray[np.int64]
    cls: list[int]


def states_of(y: NDArray[np.int64], node: NDArray[Any], n: int) -> States:
    """Return two states for each class that lasts now short, now long, one for each other.

    ``y``: int[rows], the labels of readings in the order of their nodes, -1 without one.
    """
    if not len(y):
        return States(y, list(range(n)))
    is_new = np.concatenate([[True], (y[1:] != y[:-1]) | (node[1:] != node[:-1])])
    starts = np.flatnonzero(is_new)
    length = np.diff(np.append(starts, len(y)))
    is_short = np.repeat(length <= _SHORT, length)
    state, cls = y.copy(), list(range(n))
    for c in range(n):
        runs = length[y[starts] == c] <= _SHORT
        if min(runs.sum(), (~runs).sum()) >= _RUNS_MIN and len(cls) < STATES_MAX:
            state[(y == c) & is_short] = len(cls)
            cls.append(c)
    return States(state, cls)


def facts_of(states: States, age: NDArray[np.int64], said: NDArray[np.int64]) -> dict[str, Any]:
    """Return the facts of `edgenode.core.temporal`.

    ``age``: int[rows], see `edgewise.features.table.Table`; ``said``: see `count_said`, of
    readings that the trees were not fitted on.
    """
    n_states, n = said.shape[1:]
    smooth = said + _UNSEEN_ROWS / n
    share = (smooth / smooth.sum(axis=2, keepdims=True)).transpose(0, 2, 1)
    weights = np.maximum(1, np.rint(SAID_MAX * share / share.max(axis=2, keepdims=True)))
    return {
        "step": steps_of(states.y, age, n_states).ravel().tolist(),
        "said": weights.astype(np.int64).ravel().tolist(),
        **({"state": states.cls} if n_states > n else {}),
    }


def count_said(
    y: NDArray[np.int64],
    cls: NDArray[np.int64],
    age: NDArray[np.int64],
    n_states: int,
    n: int,
) -> NDArray[np.int64]:
    """Return int[2, state, said], the readings of cold and of other windows by their state ``y``
    and the class ``cls`` of the trees, of ``n``."""
    known = y >= 0
    counts = np.zeros((2, n_states, n), dtype=np.int64)
    np.add.at(counts, ((age[known] > COLD).astype(np.int64), y[known], cls[known]), 1)
    return counts


def steps_of(y: NDArray[np.int64], age: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return int[n, n]: of `STEP_TOTAL` steps from a state (row), those to each state."""
    known = (age[1:] > 1) & (y[1:] >= 0) & (y[:-1] >= 0)
    counts = np.full((n, n), _UNSEEN_STEPS / n)
    np.add.at(counts, (y[:-1][known], y[1:][known]), 1)
    share = counts / counts.sum(axis=1, keepdims=True) * (STEP_TOTAL - n)
    steps = 1 + np.floor(share).astype(np.int64)
    for row, rest in zip(steps, STEP_TOTAL - steps.sum(axis=1), strict=True):
        row[row.argmax()] += rest
    return np.asarray(steps)


def filter_classes(
    facts: dict[str, Any],
    cls: NDArray[np.int64],
    age: NDArray[np.int64],
    node: NDArray[Any],
    n: int,
) -> Filtered:
    """Return what the filters of nodes say where their trees say ``cls``: int[rows]."""
    temporal = Temporal(facts, n)
    filtered, p_pc = np.zeros(len(cls), dtype=np.int64), np.zeros(len(cls), dtype=np.int64)
    for i, (said, a) in enumerate(zip(cls.tolist(), age.tolist(), strict=True)):
        if i and node[i] != node[i - 1]:
            temporal = Temporal(facts, n)
        filtered[i] = temporal.push(said, a)
        p_pc[i] = temporal.p_pc
    return Filtered(filtered, p_pc)


def delays(y: NDArray[np.int64], cls: NDArray[np.int64], age: NDArray[np.int64]) -> list[int]:
    """Return how many readings after each change of the label ``cls`` follows it.

    A change that is over before it was followed is left out.
    """
    is_change = np.zeros(len(y), dtype=bool)
    is_change[1:] = (age[1:] > 1) & (y[1:] >= 0) & (y[:-1] >= 0) & (y[1:] != y[:-1])
    starts = np.flatnonzero(is_change)
    stops = np.append(np.flatnonzero(is_change | (age == 1)), len(y))
    ends = stops[np.searchsorted(stops, starts, side="right")]
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        followed = np.flatnonzero(cls[start:end] == y[start])
        if len(followed):
            found.append(int(followed[0]))
    return found
