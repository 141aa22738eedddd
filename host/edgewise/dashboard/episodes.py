"""Unusual episodes of a node as marks on its chart; a click on one labels it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from sqlalchemy import Engine

from edgewise.dashboard.units import Scale
from edgewise.review import Episode, episode_words, episodes_of

__all__ = ["COLOR", "EpisodeMarks", "event_text"]

COLOR = "#b0459a"
_ROW = 2  # of chart.ROWS: notes
_UNUSUAL = "unusual"
_SAME_S = 1.0


def event_text(payload: dict[str, Any], period_s: float, scale: Scale) -> str:
    """Return what an event of an episode says, for a list of events.

    ``period_s``: between the readings of the node.
    """
    title = _UNUSUAL if payload.get("to") == _UNUSUAL else "usual again"
    words = scale.movement(episode_words(payload, period_s))
    return f"{title}: {words}" if words else title


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
