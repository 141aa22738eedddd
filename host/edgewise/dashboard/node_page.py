"""The page of one node: its newest values, its past as a chart, and the panels below."""

from __future__ import annotations

import asyncio
import time
from html import escape

from fastapi import Request
from nicegui import ui

from edgewise.dashboard import html, notes, series
from edgewise.dashboard.ahead import read_ahead
from edgewise.dashboard.chart_view import ChartView, Drawing
from edgewise.dashboard.figures import figures
from edgewise.dashboard.fleet import Node, node
from edgewise.dashboard.label_panel import LabelPanel
from edgewise.dashboard.layout import Writer, markup, page, refresh_every
from edgewise.dashboard.log_panel import LogPanel
from edgewise.dashboard.model_panel import ModelPanel
from edgewise.dashboard.name_dialog import open_name_dialog
from edgewise.dashboard.range_tools import RangeTools
from edgewise.dashboard.review_panel import ReviewPanel
from edgewise.dashboard.screen import Screen, read_screen
from edgewise.dashboard.state import State
from edgewise.dashboard.visible_span import VisibleSpan
from edgewise.review import Span

__all__ = ["node_page"]

_EVERY_S = 0.5
_REDRAW_LOOKS = 60  # the chart is redrawn after so many looks: replayed readings fill the past
_DAY_S = 86400.0
_MARGIN_S = 3600.0  # on either side of a period that is asked for
_NO_TIME = (
    '<p class="soft">Its readings have no time, or one that is still to come: its clock is not '
    "set.</p>"
)


async def node_page(state: State, request: Request, name: str) -> None:
    """The page of the node ``name``."""
    writer = Writer(state, request)
    current = await asyncio.to_thread(node, state.engine, name)
    extent = await asyncio.to_thread(series.extent, state.engine, name)
    title = name if current is None else current.title
    with page(f"{title} - Edgewise", writer, back=True):
        top = markup("" if current is None else await asyncio.to_thread(_summary, state, current))
        if current is not None and writer.logged_in():
            ui.button(
                "Name and room", on_click=lambda: open_name_dialog(state, name, writer)
            ).props("flat dense no-caps").classes("rename")
        body = ui.element("div").classes("full")
        if current is None or extent is None:
            await _wait(state, name, top)
            return
    await ui.context.client.connected()
    screen = await read_screen(state)
    if screen is None:
        return
    forecast_end = await asyncio.to_thread(notes.newest_forecast, state, name)
    span = VisibleSpan(extent, forecast_end, time.time())
    view = _View(state, ChartView(state, current, span, screen), top, screen)
    drawing = await asyncio.to_thread(view.chart.read)
    with body:
        view.build(drawing, writer)
        await refresh_every(state, _EVERY_S, view.look)
    await view.update_panels()


def _summary(state: State, current: Node) -> str:
    aheads = read_ahead(state.engine, current, time.time())
    return html.summary(current, state.palette, state.scale, aheads)


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
        top.set_content(await asyncio.to_thread(_summary, state, current))
        notice.set_content(_NO_TIME)
        if await asyncio.to_thread(series.extent, state.engine, name):
            ui.navigate.reload()

    await refresh_every(state, _EVERY_S, look)


class _View:
    """The chart and the panels below it, kept up to date."""

    def __init__(self, state: State, chart: ChartView, top: ui.html, screen: Screen) -> None:
        self._state, self.chart, self._top, self._screen = state, chart, top, screen
        self._node: Node = chart.node
        self._looks = 0

    def build(self, drawing: Drawing, writer: Writer) -> None:
        """Put everything on the page."""
        state, name, chart = self._state, self._node.name, self.chart
        tools = RangeTools(chart.span, self._screen, chart.move)
        drawn = chart.build(drawing, tools.show)
        with ui.element("div").classes("panels"):
            self._remarks = _panel("Health")
            self._model = ModelPanel(state, name, writer, self._screen.clock)
            self._labels = LabelPanel(state, name, drawn, writer, self._screen, chart.draw)
            self._review = ReviewPanel(state, name, writer, self._screen, self._ask)
            self._events = _panel("Events")
            self._figures = _panel("Figures", "wide")
            self._facts = _panel("The node itself", "wide facts")
            self._log = LogPanel(state, name, writer)
        self._labels.buttons(tools.place, lambda: (chart.span.first, chart.span.last))
        chart.episodes.listen(drawn, self._labels.ask)

    async def look(self) -> None:
        """Update the page if there is something new."""
        current = await asyncio.to_thread(node, self._state.engine, self._node.name)
        if current is None:
            return
        self._top.set_content(await asyncio.to_thread(_summary, self._state, current))
        await self._labels.look()
        await self._review.look(self._labels.spans)
        await self._model.look()
        self._log.look()
        is_new = (current.ts, current.received_at) != (self._node.ts, self._node.received_at)
        self._node = self.chart.node = current
        self._looks += 1
        if not is_new and self._looks % _REDRAW_LOOKS:
            return
        self.chart.span.advance(max(time.time(), current.ts or 0))
        await self.chart.move()
        if self._looks % _REDRAW_LOOKS == 0:
            await self.update_panels()

    async def _ask(self, span: Span, proposed: str | None) -> None:
        # Shows a period in the chart and asks for its class.
        margin_s = max(_MARGIN_S, 2 * (span.to_s - span.from_s))
        self.chart.span.show_own(span.from_s - margin_s, span.to_s + margin_s)
        await self._labels.ask_below(span, proposed)
        await self.chart.move()

    async def update_panels(self) -> None:
        """Fill the panels below the chart."""
        panels = (self._remarks, self._events, self._figures, self._facts)
        for panel, text in zip(panels, await asyncio.to_thread(self._read_panels), strict=True):
            panel.set_content(text)

    def _read_panels(self) -> tuple[str, ...]:
        state, name, clock = self._state, self._node.name, self._screen.clock
        diag = self._node.diag
        last_s = self._node.ts or time.time()
        package = state.packages.running(state.engine, name)
        seven = figures(state.engine, name, diag, last_s, package)
        newest = notes.events(state, clock, name, 0, time.time() + _DAY_S, self._node)
        rows = ((clock.text(ts), text) for ts, text in newest[: notes.LISTED])
        return (
            html.items(*notes.remarks(state, clock, name, self._node.title)),
            html.items(rows, "No events yet."),
            html.figure_grid(seven),
            html.facts(diag),
        )


def _panel(title: str, css_class: str = "") -> ui.html:
    with ui.element("section").classes(f"panel {css_class}"):
        markup(f"<h3>{title}</h3>")
        return markup("")
