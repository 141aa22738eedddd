"""Choose a filter over the classes of neighbouring readings, or none, on held-out parts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.headcheck import STEP_TOTAL, WEIGHT_MAX
from edgenode.core.temporal import Temporal

__all__ = ["Filtered", "candidates", "delays", "filter_votes", "steps_of"]

_FLOORS = (2, 32)  # of some 1,024 votes
_POWERS = (0.0, 0.5, 1.0)  # of how rare a class is: its votes as they are, to divided by it
_UNSEEN = 1.0  # of each step of a class, so that none is impossible


@dataclass(frozen=True)
class Filtered:
    """What is said of rows, by a filter or by the votes alone: ``cls``: int[rows]; ``p_pc``:
    int[rows], percent."""

    cls: NDArray[np.int64]
    p_pc: NDArray[np.int64]


def candidates(y: NDArray[np.int64], age: NDArray[np.int64], n: int) -> list[dict[str, Any]]:
    """Return the filters to try, as facts of `edgenode.core.temporal`.

    ``y``: int[rows], the labels of readings in the order of their nodes, -1 without one; ``age``:
    int[rows], see `edgewise.features.table.Table`. The votes count as they are, or divided by how
    frequent their class is, or by the root of it.
    """
    step = steps_of(y, age, n).ravel().tolist()
    counts = np.bincount(y[y >= 0], minlength=n) + _UNSEEN
    rarity = counts.min() / counts
    return [
        {"step": step, "weight": _weights(rarity**power), "floor": floor}
        for power, floor in product(_POWERS, _FLOORS)
    ]


def _weights(rarity: NDArray[np.float64]) -> list[int]:
    return [int(w) for w in np.maximum(1, np.rint(WEIGHT_MAX * rarity))]


def steps_of(y: NDArray[np.int64], age: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return int[n, n]: of `STEP_TOTAL` steps from a class (row), those to each class."""
    known = (age[1:] > 1) & (y[1:] >= 0) & (y[:-1] >= 0)
    counts = np.full((n, n), _UNSEEN / n)
    np.add.at(counts, (y[:-1][known], y[1:][known]), 1)
    share = counts / counts.sum(axis=1, keepdims=True) * (STEP_TOTAL - n)
    steps = 1 + np.floor(share).astype(np.int64)
    for row, rest in zip(steps, STEP_TOTAL - steps.sum(axis=1), strict=True):
        row[row.argmax()] += rest
    return np.asarray(steps)


def filter_votes(
    facts: dict[str, Any], votes: NDArray[np.int64], age: NDArray[np.int64], total: int
) -> Filtered:
    """Return what the node's filter says; ``votes``: int[rows, classes], ``total``: of all."""
    temporal = Temporal(facts, votes.shape[1], total)
    cls, p_pc = np.zeros(len(votes), dtype=np.int64), np.zeros(len(votes), dtype=np.int64)
    for i, (row, a) in enumerate(zip(votes.tolist(), age.tolist(), strict=True)):
        if a == 1:
            temporal.clear()
        cls[i] = temporal.push(row)
        p_pc[i] = temporal.p_pc
    return Filtered(cls, p_pc)


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
