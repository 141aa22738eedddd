"""Episodes: unusual readings of one node that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.detector import Detector as Head
from edgenode.core.detector import gap_slots
from edgenode.core.learn import Learner
from edgewise.features.table import Table, series_slots
from edgewise.logs.log import Log
from edgewise.times import LOCAL, iso
from edgewise.training.detector import Detector, Limit
from edgewise.unusual.words import describe_value

__all__ = ["Episode", "count_episodes", "find_episodes"]


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
        start, end = (LOCAL.format_full(time_s) for time_s in (self.start_s, self.end_s))
        return f"{node}{start} to {end}: {self.words} ({self.strength:.1f} times the limit)"


def count_episodes(
    time_s: NDArray[np.float64], node: NDArray[Any], is_unusual: NDArray[np.bool_], period_ms: int
) -> int:
    """Return the number of episodes; the arrays have one value for each row."""
    rows = np.flatnonzero(is_unusual)
    _, number = np.unique(node[rows].astype(str), return_inverse=True)
    order = np.lexsort((time_s[rows], number))
    rows, number = rows[order], number[order]
    # as many periods as the node would count, see edgenode.core.pipeline.slots_between
    gap_s = (gap_slots(period_ms) - 0.5) * period_ms / 1000
    is_new = (np.diff(number) != 0) | (np.diff(time_s[rows]) >= gap_s)
    return int(is_new.sum()) + 1 if len(rows) else 0


def find_episodes(
    detector: Detector,
    features: list[str],
    period_ms: int,
    log: Log,
    table: Table,
    learn: dict[str, Any] | None = None,
) -> list[Episode]:
    """Return the episodes of a log in order of their start, found with the node's own code.

    ``table``: the model's ``features`` of the log; ``learn``: the head of a model that learns on
    the node. Each node begins with the first reading of its log.
    """
    found = [
        episode
        for rows in log.series()
        for episode in _episodes_of_series(detector, features, period_ms, log, table, rows, learn)
    ]
    return sorted(found, key=lambda episode: (episode.start_s, episode.node))


def _episodes_of_series(
    detector: Detector,
    features: list[str],
    period_ms: int,
    log: Log,
    table: Table,
    rows: NDArray[np.int64],
    learn: dict[str, Any] | None,
) -> Iterator[Episode]:
    head = Head(detector.head(features), features)
    learner = Learner(learn, head, period_ms) if learn else None
    slots = np.cumsum(series_slots(log.time_s[rows], period_ms)).tolist()
    unusual: list[int] = []
    x, is_valid = table.x[rows].tolist(), table.valid[rows].tolist()
    for i, slot in enumerate(slots):
        if is_valid[i]:
            head.push(x[i])
            if learner:
                learner.push(x[i])
        if head.note(slot, is_valid[i], period_ms):
            for news in head.news:
                if news[2] >= 0:
                    yield _episode(head, news, log, rows[unusual], period_ms)
                unusual = []
        if is_valid[i] and head.is_unusual:
            unusual.append(i)
    if unusual and head.note(slots[-1] + gap_slots(period_ms), False, period_ms):
        yield _episode(head, head.news[0], log, rows[unusual], period_ms)


def _episode(
    head: Head,
    news: tuple[int, int, int],
    log: Log,
    rows: NDArray[np.int64],
    period_ms: int,
) -> Episode:
    k, value, _ = news
    limit = Limit(head.names[k], int(head.usual[k]), int(head.limit[k]))
    return Episode(
        str(log.node[rows[0]]),
        float(log.time_s[rows[0]]),
        float(log.time_s[rows[-1]]),
        len(rows),
        head.percent(k, value) / 100,
        limit.feature,
        value,
        describe_value(limit, value, period_ms),
    )
