"""The line above the chart: the range that is seen, and the buttons that choose another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from edgewise.dashboard.layout import markup
from edgewise.dashboard.period_fields import PeriodFields
from edgewise.dashboard.screen import Screen
from edgewise.dashboard.visible_span import OWN, RANGES, VisibleSpan
from edgewise.errors import InputError

__all__ = ["RangeTools"]


class RangeTools:
    """A button for each range, one for a typed range, and the visible span in words.

    ``redraw`` is called when another range was chosen. ``place``: for more buttons.
    """

    def __init__(
        self, span: VisibleSpan, screen: Screen, redraw: Callable[[], Awaitable[None]]
    ) -> None:
        self._span, self._screen, self._redraw = span, screen, redraw
        self._buttons: dict[str, ui.button] = {}
        with ui.element("div").classes("tools") as self.place:
            with ui.element("div").classes("ranges").props('role=group aria-label="Range"'):
                for name in RANGES:
                    self._buttons[name] = self._button(name, self._chooser(name))
                self._buttons[OWN] = self._button("From, to", self._ask)
            ui.element("span").classes("grow")
        self._text = ui.label().classes("span soft").props("role=status")
        self.show()

    @staticmethod
    def _button(title: str, on_click: Callable[[], object]) -> ui.button:
        return ui.button(title, on_click=on_click, color=None).props("flat dense no-caps")

    def show(self) -> None:
        """Mark the chosen range and tell the visible span."""
        for name, button in self._buttons.items():
            is_chosen = name == self._span.range
            button.classes(**{"add" if is_chosen else "remove": "chosen"})
            button.props(f"aria-pressed={'true' if is_chosen else 'false'}")
        clock = self._screen.clock
        first, last = (clock.text(t) for t in (self._span.first, self._span.last))
        self._text.set_text(f"{first} to {last}, times in {self._screen.zone}")

    def _chooser(self, name: str) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            self._span.show(name)
            await self._redraw()

        return choose

    def _ask(self) -> None:
        span = self._span
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            markup('<h2 id="range-title">Show a range</h2>')
            minutes = (60 * (t // 60) for t in (span.first, span.last))
            fields = PeriodFields(self._screen.clock, self._screen.zone, *minutes)

            async def show() -> None:
                try:
                    span.show_own(*fields.read())
                except InputError as e:
                    ui.notify(str(e), type="negative")
                    return
                dialog.close()
                await self._redraw()

            with ui.element("div").classes("actions"):
                ui.button("Show", on_click=show).props("no-caps")
                ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        dialog.props('aria-labelledby="range-title"')
        dialog.open()
