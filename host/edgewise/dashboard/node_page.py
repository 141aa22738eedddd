"""The page of one node: its newest values, its past as a chart, and the panels below."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
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
_REDRAW_LOOKS = 60  # the chart is redrawn after so many looks: replayed readings fill the past
_DRAWN_S = 30.0  # a browser that has not drawn by then is gone, or starts again
_DAY_S = 86400.0
_SPANS = {"Day": 1, "Week": 7, "Month": 31, "Year": 366}
_FORECAST_SHARE = 0.25
_NARROW = 640
_NO_TIME = '<p class="soft">Its readings have no time, or one to come: its clock is not set.</p>'
_SCREEN = "({dark: matchMedia('(prefers-color-scheme: dark)').matches, width: innerWidth})"


async def node_page(state: State, request: Request, name: str) -> None:
    """The page of the node ``name``."""
    writer = Writer(state, request)
    current = await asyncio.to_thread(node, state.engine, name)
    extent = await asyncio.to_thread(series.extent, state.engine, name)
    with page(f"{name} - Edgewise", writer, back=True):
        top = markup("" if current is None else html.summary(current, state.palette, state.scale))
        body = ui.element("div").style("width:100%")
        if current is None or extent is None:
            await _wait(state, name, top)
            return
    await ui.context.client.connected()
    screen = await _screen()
    if screen is None:
        return
    is_dark, width = screen
    view = _View(state, current, extent, width)
    new_series, legend = await asyncio.to_thread(view.read)
    with body:
        view.build(chart.fill(view.options(is_dark), new_series), legend, top, writer)
        await refresh_every(_EVERY_S, view.look)
    await view.update_panels()


async def _screen() -> tuple[bool, int] | None:
    # Whether the browser is dark, and its width; None where it does not answer so.
    try:
        screen = await ui.run_javascript(f"return {_SCREEN}", timeout=60)
        return bool(screen["dark"]), int(screen["width"])
    except (KeyError, OverflowError, TimeoutError, TypeError, ValueError):
        return None


async def _wait(state: State, name: str, top: ui.html) -> None:
    # Nothing to draw yet: the page reloads once there is.
    notice = markup("")

    async def look() -> None:
        current = await asyncio.to_thread(node, state.engine, name)
        if current is None:
            notice.set_content(
                f'<p class="soft">No node {escape(name[:64])} has sent anything.</p>'
            )
            return
        top.set_content(html.summary(current, state.palette, state.scale))
        notice.set_content(_NO_TIME)
        if await asyncio.to_thread(series.extent, state.engine, name):
            ui.navigate.reload()

    await refresh_every(_EVERY_S, look)


class _View:
    """The chart and the panels below it, kept up to date."""

    def __init__(
        self, state: State, current: Node, extent: tuple[float, float], width: int
    ) -> None:
        self._state, self._node, self._width = state, current, width
        self._pixels = max(200, min(width, 1400) - 80)
        forecast_end = notes.newest_forecast(state, current.name)
        self._first, self._end = extent[0], max(extent[1], forecast_end or 0) + 60
        self._last = extent[1]
        self._span = self._show_latest(_DAY_S)
        self._looks = 0
        self._is_stale = self._has_moved = False
        self._draw_lock = asyncio.Lock()

    def options(self, dark: bool) -> dict[str, Any]:
        """The chart without data, showing the last day."""
        narrow, unit = self._width < _NARROW, self._state.scale.unit
        empty = chart.options(self._first, self._end, dark, narrow, unit)
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
                ui.button(name, on_click=self._show_span(days * _DAY_S)).props("flat dense")
            ui.button("All", on_click=self._show_span(inf)).props("flat dense")
            ui.element("span").classes("grow")
        return tools

    def _show_span(self, span_s: float) -> Callable[[], None]:
        return lambda: self._zoom(*self._show_latest(span_s))

    def _show_latest(self, span_s: float) -> tuple[float, float]:
        # The newest ``span_s`` of readings and a part of the forecast.
        first = max(self._first, self._last - span_s)
        return first, min(self._end, self._last + max(60, _FORECAST_SHARE * (self._last - first)))

    def _time_shares(self, first_s: float, last_s: float) -> tuple[float, float]:
        # Percent of the whole chart, as ECharts expects them.
        total_s = self._end - self._first
        return 100 * (first_s - self._first) / total_s, 100 * (last_s - self._first) / total_s

    def _zoom(self, first_s: float, last_s: float) -> None:
        start, end = self._time_shares(first_s, last_s)
        self._chart.run_chart_method(
            "dispatchAction", {"type": "dataZoom", "start": start, "end": end}
        )

    async def _on_zoom(self, event: Any) -> None:
        zoom = (event.args.get("batch") or [event.args])[0]
        start, end = zoom.get("start"), zoom.get("end")
        if not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
            return
        total_s = self._end - self._first
        start, end = (min(1.0, max(0.0, x / 100)) for x in (start, end))
        self._span = self._first + total_s * start, self._first + total_s * end
        await self._draw()

    async def look(self) -> None:
        """Update the page if there is something new."""
        current = await asyncio.to_thread(node, self._state.engine, self._node.name)
        if current is None:
            return
        self._top.set_content(html.summary(current, self._state.palette, self._state.scale))
        await self._teach.look()
        is_new = (current.ts, current.received_at) != (self._node.ts, self._node.received_at)
        self._node = current
        self._looks += 1
        if not is_new and self._looks % _REDRAW_LOOKS:
            return
        if current.ts is not None and current.ts > self._last:
            self._follow(current.ts)
        await self._draw()
        if self._looks % _REDRAW_LOOKS == 0:
            await self.update_panels()

    def _follow(self, ts: float) -> None:
        # The visible span moves along if it showed the newest reading.
        step_s = ts - self._last
        shows_latest = self._span[1] >= self._last
        self._last = ts
        self._end = max(self._end, ts + 60)
        if shows_latest:
            first = max(self._first, self._span[0] + step_s)
            self._span = (first, self._end)
        self._has_moved = True

    def _movement(self) -> dict[str, Any]:
        # The ends of the axes and the visible span, if they have moved since the last drawing.
        if not self._has_moved:
            return {}
        self._has_moved = False
        start, end = self._time_shares(*self._span)
        axes = [{"max": 1000 * self._end} for _ in chart.ROWS]
        return {"xAxis": axes, "dataZoom": [{"start": start, "end": end}]}

    async def _draw(self) -> None:
        # One drawing at a time; all requests during it become one more drawing. It ends when the
        # browser has it: a slow one is sent no more than it draws.
        self._is_stale = True
        if self._draw_lock.locked():
            return
        async with self._draw_lock:
            while self._is_stale:
                self._is_stale = False
                new_series, legend = await asyncio.to_thread(self.read)
                options = {"series": new_series, **self._movement()}
                with suppress(TimeoutError):
                    await self._chart.run_chart_method("setOption", options, timeout=_DRAWN_S)
                self._legend.set_content(legend)

    def read(self) -> tuple[list[dict[str, Any]], str]:
        """The series of the visible span, and the legend."""
        engine, name, palette = self._state.engine, self._node.name, self._state.palette
        first, last = self._span
        margin = (last - first) / 2  # read beyond the edges: a pan shows no gap
        span = first - margin, last + margin
        window = series.window(engine, name, *span, 2 * self._pixels, self._state.hours)
        bands = [Band(r.from_ts, r.to_ts, r.cls) for r in labels.labels_of(engine, name)]
        new_series = chart_data.data(
            window,
            self._node.period_s or 60,
            bands,
            notes.events(self._state, name, first, last),
            notes.forecasts(self._state, name, *span, self._pixels),
            palette,
            self._state.scale,
        )
        classes = sorted({c for c in window.cls if c is not None} | {b.name for b in bands})
        marks = {**{c: palette[c] for c in classes}, "no readings": chart_data.QUIET}
        if window.late.any():
            marks["sent later"] = chart_data.LATE
        if np.isnan(window.t).any():
            marks["failed reads"] = chart_data.FAILED
        entries = (
            f'<span><i style="background:{color}"></i>{escape(text)}</span>'
            for text, color in marks.items()
        )
        return new_series, f'<p class="legend">{"".join(entries)}</p>'

    async def update_panels(self) -> None:
        """Fill the panels below the chart."""
        state, name = self._state, self._node.name
        diag = self._node.diag
        seven = await asyncio.to_thread(figures, state.engine, name, diag, self._last)
        self._figures.set_content(html.figure_grid(seven))
        self._facts.set_content(html.facts(diag))
        self._remarks.set_content(
            html.items(await asyncio.to_thread(notes.remarks, state, name), "No problems found.")
        )
        newest = await asyncio.to_thread(notes.events, state, name, 0, self._last + _DAY_S)
        rows = ((html.clock(ts), text) for ts, text in newest[: notes.LISTED])
        self._events.set_content(html.items(rows, "No events yet."))


def _panel(title: str, css_class: str = "") -> ui.html:
    with ui.element("section").classes(f"panel {css_class}"):
        markup(f"<h3>{title}</h3>")
        return markup("")
