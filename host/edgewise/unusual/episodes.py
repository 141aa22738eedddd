"""Episodes: unusual readings of one node that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.features.table import Table
from edgewise.logs.log import Log
from edgewise.times import LOCAL, iso
from edgewise.training.detector import UNUSUAL, Detector
from edgewise.unusual.words import describe_value

__all__ = ["Episode", "count_episodes", "find_episodes", "gap_s"]

# An episode goes on while less than this passes between two unusual readings: half an hour, the
# half of the longest window at a reading a minute, but at least three readings.
_GAP_S, _GAP_READINGS = 1800.0, 3


@dataclass(frozen=True)
class Episode:
    """``start_s``, ``end_s``: unix seconds of its first and last unusual reading; ``readings``:
    the unusual ones; ``strength``: the largest value / limit, of ``feature`` with ``value``.

    Absolute humidity, which follows from the others, is named only where they keep their limits.
    """

    node: str
    start_s: float
    end_s: float
    readings: int
    strength: float
    feature: str
    value: int
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return the episode as JSON."""
        facts = dict(vars(self))
        start, end = (iso(facts.pop(key)) for key in ("start_s", "end_s"))
        return {"start": start, "end": end, **facts}

    def line(self) -> str:
        """Return the episode for people."""
        node = f"{self.node} " if self.node else ""
        return (
            f"{node}{LOCAL.full(self.start_s)} to {LOCAL.full(self.end_s)}: {self.words} "
            f"({self.strength:.1f} times the limit)"
        )


def gap_s(period_ms: int) -> float:
    """Return the seconds without an unusual reading that end an episode."""
    return max(_GAP_S, _GAP_READINGS * period_ms / 1000)


def split_episodes(
    time_s: NDArray[np.float64], node: NDArray[Any], is_unusual: NDArray[np.bool_], period_ms: int
) -> list[NDArray[np.int64]]:
    """Return the row numbers of each episode; the arrays have one value for each row."""
    rows = np.flatnonzero(is_unusual)
    _, number = np.unique(node[rows].astype(str), return_inverse=True)
    order = np.lexsort((time_s[rows], number))
    rows, number = rows[order], number[order]
    is_new = (np.diff(number) != 0) | (np.diff(time_s[rows]) >= gap_s(period_ms))
    return np.split(rows, np.flatnonzero(is_new) + 1) if len(rows) else []


def count_episodes(
    time_s: NDArray[np.float64], node: NDArray[Any], is_unusual: NDArray[np.bool_], period_ms: int
) -> int:
    """Return the number of episodes, see `split_episodes`."""
    return len(split_episodes(time_s, node, is_unusual, period_ms))


def find_episodes(
    detector: Detector,
    features: list[str],
    classes: list[str],
    period_ms: int,
    log: Log,
    table: Table,
    cls: NDArray[np.int64],
) -> list[Episode]:
    """Return the episodes of a log in order of their start.

    ``table``: the model's ``features`` of the log; ``cls``: int[rows], the class of each row,
    -1 for a failed read.
    """
    is_unusual = cls == classes.index(UNUSUAL)
    columns = [features.index(limit.feature) for limit in detector.limits]
    limits = np.array([limit.limit for limit in detector.limits])
    is_measured = np.array([limit.feature[0] in "th" for limit in detector.limits])
    episodes = []
    for rows in split_episodes(log.time_s, log.node, is_unusual, period_ms):
        values = table.x[rows][:, columns]
        row, column = _strongest(values / limits, is_measured)
        limit, value = detector.limits[column], int(values[row, column])
        episodes.append(
            Episode(
                str(log.node[rows[0]]),
                float(log.time_s[rows[0]]),
                float(log.time_s[rows[-1]]),
                len(rows),
                round(value / limit.limit, 2),
                limit.feature,
                value,
                describe_value(limit, value, period_ms),
            )
        )
    return sorted(episodes, key=lambda episode: (episode.start_s, episode.node))


def _strongest(strength: NDArray[np.float64], is_measured: NDArray[np.bool_]) -> tuple[int, int]:
    # Returns row and column of the value to name.
    measured = np.where(is_measured, strength, 0.0)
    best = measured if measured.max(initial=0) > 1 else strength
    row, column = np.unravel_index(np.argmax(best), best.shape)
    return int(row), int(column)
