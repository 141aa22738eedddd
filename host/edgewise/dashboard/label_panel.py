"""The labels of a node: mark periods on the chart or type them, list them, undo them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from nicegui import ui

from edgewise.dashboard import labels
from edgewise.dashboard.label_dialog import open_label_dialog
from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.period_fields import round_period
from edgewise.dashboard.screen import Screen
from edgewise.dashboard.state import State
from edgewise.errors import InputError
from edgewise.review import Span

__all__ = ["LabelPanel"]

_AUTHOR = "dashboard"
_SCROLLED_S = 10.0
_LABEL, _DRAG = "Label a period", "Drag over the chart"
_BRUSH = {"type": "takeGlobalCursor", "key": "brush", "brushOption": {"brushType": "lineX"}}
_NO_BRUSH = {"type": "takeGlobalCursor", "key": "brush", "brushOption": {"brushType": False}}


class LabelPanel:
    """The panel 'Labels' of the node ``name``, and the buttons that label.

    ``redraw`` is called when the labels have changed.
    """

    def __init__(
        self,
        state: State,
        name: str,
        chart: ui.echart,
        writer: Writer,
        screen: Screen,
        redraw: Callable[[], Awaitable[None]],
    ) -> None:
        self._state, self._name, self._chart = state, name, chart
        self._writer, self._screen, self._redraw = writer, screen, redraw
        chart.on("chart:brushEnd", self._on_brush_end, ["areas"])
        with ui.element("section").classes("panel"):
            markup("<h3>Labels</h3>")
            self._list = ui.element("div").classes("full")
        self._rows: list[Any] | None = None

    @property
    def spans(self) -> list[Span]:
        """The labelled periods."""
        return [Span(row.from_ts, row.to_ts) for row in self._rows or ()]

    async def look(self) -> None:
        """Update the labels, which may have changed on another page."""
        rows = await asyncio.to_thread(labels.labels_of, self._state.engine, self._name)
        if rows == self._rows:
            return
        is_first, self._rows = self._rows is None, rows
        self._show_rows(rows)
        if not is_first:
            await self._redraw()

    def buttons(self, place: ui.element, span: Callable[[], tuple[float, float]]) -> None:
        """Put the buttons that label into ``place``, for a logged-in browser.

        ``span``: the visible period, which the fields begin with.
        """
        if not self._writer.logged_in():
            return
        with place:
            self._button = ui.button(_LABEL, on_click=self._toggle_brush).props("outline")
            ui.button("Label from, to", on_click=lambda: self.ask(*round_period(*span()))).props(
                "outline"
            )
        self._chart.on("chart:globalcursortaken", self._on_cursor, ["brushOption"])

    def _toggle_brush(self) -> None:
        action = _NO_BRUSH if self._button.text == _DRAG else _BRUSH
        self._chart.run_chart_method("dispatchAction", action)

    def _on_cursor(self, event: Any) -> None:
        # The chart reports whether it is ready to be dragged over.
        brush_type = (event.args.get("brushOption") or {}).get("brushType")
        self._button.set_text(_DRAG if brush_type else _LABEL)

    async def _on_brush_end(self, event: Any) -> None:
        areas = event.args.get("areas") or []
        span = areas[0].get("coordRange") if areas else None
        self._mark()
        self._chart.run_chart_method("dispatchAction", _NO_BRUSH)
        if isinstance(span, list) and len(span) == 2:
            await self.ask(*round_period(*(float(ms) / 1000 for ms in span)))

    async def ask(self, from_s: float, to_s: float) -> None:
        """Ask a logged-in browser for the class of a period."""
        if self._writer.may_write():
            classes = await asyncio.to_thread(self._classes)
            open_label_dialog(self._screen, from_s, to_s, classes, self._save)

    async def ask_below(self, span: Span, proposed: str | None) -> None:
        """Ask for the class of a period below the chart, which has it marked meanwhile."""
        if not self._writer.may_write():
            return
        classes = await asyncio.to_thread(self._classes)
        to_chart = f"getHtmlElement({self._chart.id}).scrollIntoView({{block: 'start'}})"
        with suppress(TimeoutError):  # before the dialog: while it is open the page stands still
            await ui.run_javascript(to_chart, timeout=_SCROLLED_S)
        dialog = open_label_dialog(self._screen, *span, classes, self._save, proposed, True)
        self._mark([1000 * span.from_s, 1000 * span.to_s])
        dialog.on("hide", lambda: self._mark())

    def _mark(self, range_ms: list[float] | None = None) -> None:
        areas = [{"brushType": "lineX", "xAxisIndex": i, "coordRange": range_ms} for i in range(3)]
        action = {"type": "brush", "areas": areas if range_ms else []}
        self._chart.run_chart_method("dispatchAction", action)

    def _classes(self) -> list[str]:
        engine = self._state.engine
        package = self._state.packages.running(engine, self._name)
        return labels.known_classes(engine, self._name, package)

    async def _save(self, from_s: float, to_s: float, cls: str) -> None:
        if not self._writer.logged_in():
            raise InputError("Log in first: the session has ended")
        arguments = (self._state.engine, self._name, from_s, to_s, cls, _AUTHOR)
        n = await asyncio.to_thread(labels.add_label, *arguments)
        ui.notify(f"{n} readings are labelled {cls.strip()}")
        await self.look()

    async def _undo(self, from_s: float) -> None:
        if self._writer.may_write():
            await asyncio.to_thread(labels.remove_label, self._state.engine, self._name, from_s)
            await self.look()

    def _show_rows(self, rows: list[Any]) -> None:
        clock = self._screen.clock
        self._list.clear()
        with self._list:
            for row in rows:
                with ui.element("div").classes("line"):
                    color = self._state.palette[row.cls]
                    ui.element("i").classes("dot").style(f"background:{color}")
                    span = f"{clock.text(row.from_ts)} to {clock.text(row.to_ts)}"
                    ui.label(f"{row.cls}, {span}").classes("what")
                    if self._writer.logged_in():
                        ui.button(
                            "Undo", on_click=lambda from_s=row.from_ts: self._undo(from_s)
                        ).props(f'flat dense no-caps aria-label="Undo the label {span}"')
            if not rows:
                advice = "press Label a period" if self._writer.logged_in() else "log in to label"
                markup(f'<p class="soft">No labels yet: {advice}.</p>')
