"""Label periods of the chart; the panels of the labels and of the model."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from edgewise.dashboard import labels
from edgewise.dashboard.html import clock
from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.model_panel import ModelPanel
from edgewise.dashboard.state import State
from edgewise.errors import InputError

__all__ = ["Teach"]

_AUTHOR = "dashboard"
_LABEL, _DRAG = "Label a period", "Drag over the chart"
_BRUSH = {"type": "takeGlobalCursor", "key": "brush", "brushOption": {"brushType": "lineX"}}
_NO_BRUSH = {"type": "takeGlobalCursor", "key": "brush", "brushOption": {"brushType": False}}


class Teach:
    """The panels 'Taught' and 'Model' of the node ``name``.

    ``redraw`` is called when the labels have changed.
    """

    def __init__(
        self,
        state: State,
        name: str,
        chart: ui.echart,
        writer: Writer,
        redraw: Callable[[], Awaitable[None]],
    ) -> None:
        self._state, self._name, self._chart = state, name, chart
        self._writer, self._redraw = writer, redraw
        chart.on("chart:brushEnd", self._on_brush_end, ["areas"])
        with ui.element("section").classes("panel"):
            markup("<h3>Taught</h3>")
            self._list = ui.element("div").style("width:100%")
        self._model = ModelPanel(state, name, writer)
        self._rows: list[Any] | None = None

    async def look(self) -> None:
        """Update the labels, the training, the pushes, and the models that ran.

        The labels may have changed on another page.
        """
        await self._list_labels()
        await self._model.look()

    def button(self, place: ui.element) -> None:
        """Put the button that begins a label into ``place``, for a logged-in browser."""
        if self._writer.logged_in():
            with place:
                self._button = ui.button(_LABEL, on_click=self._toggle_brush).props("outline")
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
        self._chart.run_chart_method("dispatchAction", {"type": "brush", "areas": []})
        self._chart.run_chart_method("dispatchAction", _NO_BRUSH)
        if isinstance(span, list) and len(span) == 2 and self._writer.allowed():
            from_s, to_s = (float(ms) / 1000 for ms in span)
            self._ask_class(from_s, to_s)

    def _ask_class(self, from_s: float, to_s: float) -> None:
        with ui.dialog() as dialog, ui.card():
            markup(f"<p><b>{clock(from_s)}</b> to <b>{clock(to_s)}</b></p>")

            def save(cls: str) -> Awaitable[None]:
                return self._save(dialog, from_s, to_s, cls)

            with ui.row().classes("classes"):
                for name in labels.known_classes(self._state.engine):
                    ui.button(name, on_click=lambda name=name: save(name)).props("outline no-caps")
            name_input = (
                ui.input("New class").props("dense outlined maxlength=64").classes("w-full")
            )
            name_input.on("keydown.enter", lambda: save(name_input.value))
            with ui.row():
                ui.button("Save", on_click=lambda: save(name_input.value)).props("no-caps")
                ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        dialog.open()

    async def _save(self, dialog: ui.dialog, from_s: float, to_s: float, cls: str) -> None:
        if not self._writer.allowed():
            return
        arguments = (self._state.engine, self._name, from_s, to_s, cls, _AUTHOR)
        try:
            n = await asyncio.to_thread(labels.add_label, *arguments)
        except InputError as e:
            ui.notify(str(e), type="negative")
            return
        dialog.close()
        ui.notify(f"{n} readings are {cls}")
        await self._list_labels()

    async def _undo(self, from_s: float) -> None:
        if self._writer.allowed():
            await asyncio.to_thread(labels.remove_label, self._state.engine, self._name, from_s)
            await self._list_labels()

    async def _list_labels(self) -> None:
        rows = await asyncio.to_thread(labels.labels_of, self._state.engine, self._name)
        if rows == self._rows:
            return
        is_first, self._rows = self._rows is None, rows
        self._show_rows(rows)
        if not is_first:
            await self._redraw()

    def _show_rows(self, rows: list[Any]) -> None:
        self._list.clear()
        with self._list:
            for row in rows:
                with ui.element("div").classes("row"):
                    color = self._state.palette[row.cls]
                    ui.element("i").classes("dot").style(f"background:{color}")
                    span = f"{clock(row.from_ts)} to {clock(row.to_ts)}"
                    ui.label(f"{row.cls}, {span}").classes("what")
                    if self._writer.logged_in():
                        ui.button(
                            "Undo", on_click=lambda from_s=row.from_ts: self._undo(from_s)
                        ).props("flat dense no-caps")
            if not rows:
                advice = "press Label a period" if self._writer.logged_in() else "log in to teach"
                markup(f'<p class="soft">Nothing yet: {advice}.</p>')
