"""The chart of a node, kept up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from html import escape
from typing import Any

import numpy as np
from nicegui import ui

from edgewise.dashboard import chart, chart_data, labels, notes, series
from edgewise.dashboard.episodes import COLOR, EpisodeMarks
from edgewise.dashboard.fleet import PERIOD_S, Node
from edgewise.dashboard.layout import markup
from edgewise.dashboard.screen import Screen
from edgewise.dashboard.series import NO_READINGS, Band, Window
from edgewise.dashboard.state import State
from edgewise.dashboard.visible_span import VisibleSpan

__all__ = ["ChartView", "Drawing"]

_DRAWN_S = 30.0  # a browser that has not drawn by then is gone, or starts again
Drawing = tuple[list[dict[str, Any]], list[dict[str, Any]], str]  # series, axes, legend


class ChartView:
    """The chart of ``node`` and its legend.

    ``on_draw`` is called when the visible span may be another.
    """

    def __init__(self, state: State, node: Node, span: VisibleSpan, screen: Screen) -> None:
        self._state, self._screen = state, screen
        self.node, self.span = node, span
        self._pixels = max(200, min(screen.width, 1400) - 80)
        self._is_stale = self._has_moved = False
        self._draw_lock = asyncio.Lock()
        self.episodes = EpisodeMarks(state.engine, node.name)

    def build(self, drawing: Drawing, on_draw: Callable[[], None]) -> ui.echart:
        """Put the chart on the page."""
        self._on_draw = on_draw
        new_series, axes, legend = drawing
        screen, unit = self._screen, self._state.scale.unit
        empty = chart.options(
            *self.span.axis, screen.clock, screen.is_dark, screen.is_narrow, unit
        )
        for axis, new in zip(empty["xAxis"], axes, strict=True):
            axis["axisLabel"].update(new.get("axisLabel", {}))
        start, end = self.span.shares()
        empty["dataZoom"][0].update(start=start, end=end)
        title = f"Temperature, humidity and classes of {self.node.name}"
        self._chart = ui.echart(chart.fill(empty, new_series)).classes("chart")
        self._chart.props["role"], self._chart.props["aria-label"] = "img", title
        self._chart.on("chart:datazoom", self._on_zoom, ["start", "end", "batch"], throttle=0.15)
        self._legend = markup(legend)
        return self._chart

    async def _on_zoom(self, event: Any) -> None:
        zoom = (event.args.get("batch") or [event.args])[0]
        start, end = zoom.get("start"), zoom.get("end")
        if not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
            return
        self.span.show_shares(start, end)
        await self.draw()

    async def move(self) -> None:
        """Draw where the span says; what was scrolled in the browser is forgotten."""
        self._has_moved = True
        await self.draw()

    async def draw(self) -> None:
        """Draw what is new in the visible span.

        One drawing at a time; all requests during it become one more drawing. It ends when the
        browser has it: a slow one is sent no more than it draws.
        """
        self._is_stale = True
        if self._draw_lock.locked():
            return
        async with self._draw_lock:
            while self._is_stale:
                self._is_stale = False
                self._on_draw()
                new_series, axes, legend = await asyncio.to_thread(self.read)
                options = {"series": new_series, **self._movement(axes)}
                with suppress(TimeoutError):
                    await self._chart.run_chart_method("setOption", options, timeout=_DRAWN_S)
                self._legend.set_content(legend)

    def _movement(self, axes: list[dict[str, Any]]) -> dict[str, Any]:
        # The ticks, and if it has moved the ends of the axes and the visible span.
        if not self._has_moved:
            return {"xAxis": axes}
        self._has_moved = False
        first, last = self.span.axis
        start, end = self.span.shares()
        ends = {"min": 1000 * first, "max": 1000 * last}
        moved = [{**axis, **ends} for axis in axes]
        return {"xAxis": moved, "dataZoom": [{"start": start, "end": end}]}

    def read(self) -> Drawing:
        """The series of the visible span, the time axes, and the legend."""
        engine, name, palette = self._state.engine, self.node.name, self._state.palette
        first, last = self.span.first, self.span.last
        margin = (last - first) / 2  # read beyond the edges: a pan shows no gap
        span = first - margin, last + margin
        window = series.window(engine, name, *span, 2 * self._pixels, self._state.hours)
        bands = [Band(r.from_ts, r.to_ts, r.cls) for r in labels.labels_of(engine, name)]
        period_s = self.node.period_s or PERIOD_S
        outages = window.outages(period_s, time.time(), self.node.silent_s)
        overlay = chart_data.Overlay(
            bands,
            notes.events(self._state, self._screen.clock, name, first, last, self.node),
            notes.forecasts(self._state, name, *span, self._pixels),
            [Band(max(b.start, span[0]), min(b.end, span[1]), b.name) for b in outages],
        )
        new_series = chart_data.data(window, period_s, overlay, palette, self._state.scale)
        self.episodes.add(new_series, *span, period_s)
        axes = chart.axes(self._screen.clock, *span, 2 * self._pixels)
        return new_series, axes, self._legend_of(window, [*bands, *outages])

    def _legend_of(self, window: Window, bands: list[Band]) -> str:
        # What can be seen, without the margins of the window.
        first, last, palette = self.span.first, self.span.last, self._state.palette
        is_seen = (window.last_s >= first) & (window.first_s <= last)
        seen = [band.name for band in bands if band.end > first and band.start < last]
        classes = {window.cls[i] for i in np.flatnonzero(is_seen)} - {None}
        names = sorted({*(c for c in classes if c), *seen} - {NO_READINGS})
        marks = {name: palette[name] for name in names}
        if NO_READINGS in seen:
            marks[NO_READINGS] = chart_data.QUIET
        if window.late[is_seen].any():
            marks["sent later"] = chart_data.LATE
        if np.isnan(window.t[:, is_seen]).any():
            marks["failed reads"] = chart_data.FAILED
        if self.episodes.are_in(first, last):
            marks["unusual"] = COLOR
        entries = (
            f'<span><i style="background:{color}"></i>{escape(text)}</span>'
            for text, color in marks.items()
        )
        return f'<p class="legend">{"".join(entries)}</p>'
