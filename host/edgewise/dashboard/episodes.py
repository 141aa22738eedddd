"""Unusual episodes of a node as marks on its chart; a click on one labels it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui
from sqlalchemy import Connection, Engine, func, select

from edgewise.database.schema import events, reading
from edgewise.unusual.words import describe_event

__all__ = ["COLOR", "Episode", "EpisodeMarks", "episodes_of", "event_text"]

COLOR = "#b0459a"
_ROW = 2  # of chart.ROWS: notes
_EVENT, _UNUSUAL = "unusual", "unusual"
_EPISODES_MAX = 300
_SAME_S = 1.0
_LONGEST_S = 7 * 86400  # an episode that began before the visible span may reach into it


@dataclass(frozen=True)
class Episode:
    """``start``, ``end``: unix seconds of its first and last unusual reading."""

    start: float
    end: float
    words: str


def episodes_of(
    engine: Engine, node: str, first_s: float, last_s: float, period_s: float
) -> list[Episode]:
    """Return the episodes of a node between two times, from what it told, oldest first.

    Where a node did not tell of an end, an episode lasts until its last unusual reading before
    the next one. ``period_s``: between readings.
    """
    c = events.c
    query = (
        select(c.ts, c.boot, c.payload)
        .where(c.node == node, c.event == _EVENT, c.ts >= first_s - _LONGEST_S, c.ts.is_not(None))
        .order_by(c.ts, c.id)
        .limit(2 * _EPISODES_MAX)
    )
    with engine.connect() as connection:
        rows = [(row.ts, row.boot, json.loads(row.payload)) for row in connection.execute(query)]
        begins = [i for i, row in enumerate(rows) if row[2].get("to") == _UNUSUAL]
        found = []
        for i, following in zip(begins, [*begins, len(rows)][1:], strict=True):
            ts, boot, payload = rows[i]
            seconds = [p.get("seconds") for _, b, p in rows[i + 1 : following] if b == boot]
            if seconds and isinstance(seconds[0], int | float):
                end = ts + seconds[0]
            else:
                until = rows[following][0] if following < len(rows) else None
                end = _last_unusual(connection, node, ts, until)
            if end >= first_s and ts <= last_s:
                found.append(Episode(ts, end, describe_event(payload, period_s)))
    return found


def _last_unusual(connection: Connection, node: str, from_s: float, to_s: float | None) -> float:
    c = reading.c
    query = select(func.max(c.ts)).where(c.node == node, c.ts >= from_s, c.u > 1)
    if to_s is not None:
        query = query.where(c.ts < to_s)
    return float(connection.scalar(query) or from_s)


def event_text(payload: dict[str, Any]) -> str:
    """Return what an event of an episode says, for a list of events."""
    feature, value, limit = (str(payload.get(key))[:40] for key in ("feature", "value", "limit"))
    if payload.get("to") == _UNUSUAL:
        return f"unusual: {feature} is {value}, above {limit}"
    return f"usual again: {feature} was up to {value}, limit {limit}"


class EpisodeMarks:
    """The marks of the node ``name`` on its chart."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self._shown: list[Episode] = []
        self._period_s = 60.0

    def add(
        self, series: list[dict[str, Any]], first_s: float, last_s: float, period_s: float
    ) -> None:
        """Add the episodes between two times to the bars of ``series``, see `chart_data.data`."""
        self._period_s = period_s
        self._shown = episodes_of(self._engine, self._name, first_s, last_s, period_s)
        bars = next(s["data"] for s in series if s["id"] == "bands")
        bars += [
            {
                "value": [1000 * e.start, 1000 * (e.end + period_s), _ROW],
                "name": e.words,
                "itemStyle": {"color": COLOR},
                "cursor": "pointer",
            }
            for e in self._shown
        ]

    def are_in(self, first_s: float, last_s: float) -> bool:
        """Whether an episode that was added is between two times."""
        return any(e.end >= first_s and e.start <= last_s for e in self._shown)

    def listen(
        self, chart: ui.echart, ask: Callable[[float, float], Awaitable[None] | None]
    ) -> None:
        """Call ``ask(from_s, to_s)`` with the period of an episode that is clicked.

        Its bar is clicked, or the event of its begin.
        """

        async def on_click(event: Any) -> None:
            value = event.args.get("value")
            is_mark = event.args.get("seriesId") in ("bands", "events")
            if not is_mark or not isinstance(value, list) or value[-1:] != [_ROW]:
                return
            if not isinstance(value[0], int | float):
                return
            for e in self._shown:
                if abs(value[0] / 1000 - e.start) < _SAME_S:
                    answer = ask(e.start, e.end + self._period_s)
                    if answer is not None:
                        await answer
                    return

        chart.on("chart:click", on_click, ["seriesId", "value"])
