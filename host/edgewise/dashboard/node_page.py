"""One node: what it says now, its past as a chart, and what can be taught from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from math import inf
from typing import Any

import numpy as np
from fastapi import Request
from nicegui import ui

from edgewise.dashboard import chart, chart_data, html, labels, notes, series
from edgewise.dashboard.figures import figures
from edgewise.dashboard.fleet import Node, node
from edgewise.dashboard.layout import Writer, markup, page, refresh_every
from edgewise.dashboard.series import Band
from edgewise.dashboard.state import State
from edgewise.dashboard.teach import Teach

__all__ = ["node_page"]

_EVERY_S = 0.5
_AGAIN = 60  # looks without news until the chart is drawn again: replayed readings fill the past
_DAY_S = 86400.0
_SPANS = {"Day": 1, "Week": 7, "Month": 31, "Year": 366}
_AHEAD = 0.25
_NARROW = 640
_NO_TIME = '<p class="soft">Its readings have no time, or one to come: its clock is not set.</p>'
_SCREEN = "({dark: matchMedia('(prefers-color-scheme: dark)').matches, width: innerWidth})"


async def node_page(state: State, request: Request, name: str) -> None:
    """The page of the node ``name``."""
    writer = Writer(state, request)
    found = await asyncio.to_thread(node, state.engine, name)
    extent = await asyncio.to_thread(series.extent, state.engine, name)
    with page(f"{name} - Edgewise", writer, back=True):
        top = markup("" if found is None else html.summary(found, state.palette))
        body = ui.element("div").style("width:100%")
        if found is None or extent is None:
            await _wait(state, name, top)
            return
    await ui.context.client.connected()
    screen = await ui.run_javascript(f"return {_SCREEN}", timeout=60)
    view = _View(state, found, extent, int(screen["width"]))
    drawn, legend = await asyncio.to_thread(view.read)
    with body:
        view.build(chart.fill(view.options(bool(screen["dark"])), drawn), legend, top, writer)
        await refresh_every(_EVERY_S, view.look)
    await view.tell()


async def _wait(state: State, name: str, top: ui.html) -> None:
    # Nothing to draw: the page is built again when there is.
    why = markup("")

    async def look() -> None:
        found = await asyncio.to_thread(node, state.engine, name)
        if found is None:
            why.set_content(f'<p class="soft">No node {escape(name[:64])} has sent anything.</p>')
            return
        top.set_content(html.summary(found, state.palette))
        why.set_content(_NO_TIME)
        if await asyncio.to_thread(series.extent, state.engine, name):
            ui.navigate.reload()

    await refresh_every(_EVERY_S, look)


class _View:
    """The chart with what stands below it, kept up to date."""

    def __init__(self, state: State, found: Node, extent: tuple[float, float], width: int) -> None:
        self._state, self._node, self._width = state, found, width
        self._pixels = max(200, min(width, 1400) - 80)
        ahead = notes.newest_forecast(state, found.name)
        self._first, self._end = extent[0], max(extent[1], ahead or 0) + 60
        self._last = extent[1]
        self._span = self._show_latest(_DAY_S)
        self._looks = 0
        self._wanted = False
        self._drawing = asyncio.Lock()

    def options(self, dark: bool) -> dict[str, Any]:
        """The chart without data, showing the last day."""
        empty = chart.options(self._first, self._end, dark, self._width < _NARROW)
        start, end = self._time_shares(*self._span)
        empty["dataZoom"][0].update(start=start, end=end)
        return empty

    def build(self, options: dict[str, Any], legend: str, top: ui.html, writer: Writer) -> None:
        """Put everything on the page."""
        self._top = top
        tools = self._draw_tools()
        self._chart = ui.echart(options).classes("chart")
        self._chart.on("chart:datazoom", self._on_zoom, ["start", "end", "batch"], throttle=0.15)
        self._legend = markup(legend)
        with ui.element("div").classes("panels"):
            self._figures = _panel("Seven figures", "wide")
            self._teach = Teach(self._state, self._node.name, self._chart, writer, self._draw)
            self._remarks, self._events = _panel("Health"), _panel("Events")
            self._facts = _panel("The node itself")
        self._teach.button(tools)

    def _draw_tools(self) -> ui.element:
        with ui.element("div").classes("tools") as tools:
            for name, days in _SPANS.items():
                ui.button(name, on_click=self._showing(days * _DAY_S)).props("flat dense")
            ui.button("All", on_click=self._showing(inf)).props("flat dense")
            ui.element("span").classes("grow")
        return tools

    def _showing(self, span_s: float) -> Callable[[], None]:
        return lambda: self._zoom(*self._show_latest(span_s))

    def _show_latest(self, span_s: float) -> tuple[float, float]:
        # The newest ``span_s`` with a little of what is forecast.
        first = max(self._first, self._last - span_s)
        return first, min(self._end, self._last + max(60, _AHEAD * (self._last - first)))

    def _time_shares(self, first_s: float, last_s: float) -> tuple[float, float]:
        # Percent of the whole chart, as ECharts has them.
        whole = self._end - self._first
        return 100 * (first_s - self._first) / whole, 100 * (last_s - self._first) / whole

    def _zoom(self, first_s: float, last_s: float) -> None:
        start, end = self._time_shares(first_s, last_s)
        self._chart.run_chart_method(
            "dispatchAction", {"type": "dataZoom", "start": start, "end": end}
        )

    async def _on_zoom(self, event: Any) -> None:
        given = (event.args.get("batch") or [event.args])[0]
        start, end = given.get("start"), given.get("end")
        if not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
            return
        whole = self._end - self._first
        start, end = (min(1.0, max(0.0, x / 100)) for x in (start, end))
        self._span = self._first + whole * start, self._first + whole * end
        await self._draw()

    async def look(self) -> None:
        """Show what is new."""
        found = await asyncio.to_thread(node, self._state.engine, self._node.name)
        if found is None:
            return
        self._top.set_content(html.summary(found, self._state.palette))
        await self._teach.look(found.boot)
        news = (found.ts, found.received_at) != (self._node.ts, self._node.received_at)
        self._node = found
        self._looks += 1
        if not news and self._looks % _AGAIN:
            return
        if found.ts is not None and found.ts > self._last:
            self._follow(found.ts)
        await self._draw()
        if self._looks % _AGAIN == 0:
            await self.tell()

    def _follow(self, ts: float) -> None:
        # The window moves along when its end was in sight.
        moved = ts - self._last
        in_sight = self._span[1] >= self._last
        self._last = ts
        if ts + 60 > self._end:
            self._end = ts + 60
            axes = [{"max": 1000 * self._end} for _ in chart.ROWS]
            self._chart.run_chart_method("setOption", {"xAxis": axes})
        if in_sight:
            first = max(self._first, self._span[0] + moved)
            self._span = (first, self._end)
        self._zoom(*self._span)

    async def _draw(self) -> None:
        # One at a time; of those that come meanwhile only the last is worth it.
        self._wanted = True
        if self._drawing.locked():
            return
        async with self._drawing:
            while self._wanted:
                self._wanted = False
                drawn, legend = await asyncio.to_thread(self.read)
                self._chart.run_chart_method("setOption", {"series": drawn})
                self._legend.set_content(legend)

    def read(self) -> tuple[list[dict[str, Any]], str]:
        """The series of what is in sight, and the legend."""
        engine, name, palette = self._state.engine, self._node.name, self._state.palette
        first, last = self._span
        margin = (last - first) / 2  # drawn beyond the edges, so that a pan shows no void
        ends = first - margin, last + margin
        seen = series.window(engine, name, *ends, 2 * self._pixels, self._state.hours)
        taught = [Band(r.from_ts, r.to_ts, r.cls) for r in labels.labels_of(engine, name)]
        drawn = chart_data.data(
            seen,
            self._node.period_s or 60,
            taught,
            notes.events(self._state, name, first, last),
            notes.forecasts(self._state, name, *ends, self._pixels),
            palette,
        )
        classes = sorted({c for c in seen.cls if c is not None} | {b.name for b in taught})
        marks = {**{c: palette[c] for c in classes}, "no readings": chart_data.QUIET}
        if seen.late.any():
            marks["sent later"] = chart_data.LATE
        if np.isnan(seen.t).any():
            marks["failed reads"] = chart_data.FAILED
        said = (
            f'<span><i style="background:{color}"></i>{escape(what)}</span>'
            for what, color in marks.items()
        )
        return drawn, f'<p class="legend">{"".join(said)}</p>'

    async def tell(self) -> None:
        """Write the panels."""
        state, name = self._state, self._node.name
        told = self._node.diag
        seven = await asyncio.to_thread(figures, state.engine, name, told, self._last)
        self._figures.set_content(html.figure_grid(seven))
        self._facts.set_content(html.facts(told))
        self._remarks.set_content(
            html.items(await asyncio.to_thread(notes.remarks, state, name), "No problems found.")
        )
        newest = await asyncio.to_thread(notes.events, state, name, 0, self._last + _DAY_S)
        listed = ((html.clock(ts), what) for ts, what in newest[: notes.LISTED])
        self._events.set_content(html.items(listed, "No events yet."))


def _panel(title: str, more: str = "") -> ui.html:
    with ui.element("section").classes(f"panel {more}"):
        markup(f"<h3>{title}</h3>")
        return markup("")
