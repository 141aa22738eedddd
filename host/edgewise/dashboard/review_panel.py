"""What is worth a label on a node: one click shows it in the chart and asks for its class."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from html import escape

from nicegui import ui
from sqlalchemy.exc import SQLAlchemyError

from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.screen import Screen
from edgewise.dashboard.state import State
from edgewise.database import reason
from edgewise.review import Proposal, Span

__all__ = ["ReviewPanel"]

_LOOKING = "Looking ..."
_NOTHING = "Nothing stands out: label what you know."
# gets the period and the proposed class
Ask = Callable[[Span, str | None], Awaitable[None]]


class ReviewPanel:
    """The panel 'Worth a label' of the node ``name``; ``ask`` shows a period and its dialog."""

    def __init__(self, state: State, name: str, writer: Writer, screen: Screen, ask: Ask) -> None:
        self._state, self._name, self._ask = state, name, ask
        self._writer, self._screen = writer, screen
        self._shown: list[Proposal] | None = None
        with ui.element("section").classes("panel review"):
            markup("<h3>Worth a label</h3>")
            self._list = ui.element("div").classes("full")
        with self._list:
            markup(f'<p class="soft">{_LOOKING}</p>')

    async def look(self, labels: Sequence[Span]) -> None:
        """Update the list, in which nothing overlaps ``labels``."""
        found = await asyncio.to_thread(self._state.reviews.propose, self._name, labels)
        if found is None or found == self._shown:
            return
        self._shown = found
        self._list.clear()
        with self._list:
            for proposal in found:
                self._show(proposal)
            if not found:
                markup(f'<p class="soft">{_NOTHING}</p>')

    def _show(self, proposal: Proposal) -> None:
        span = proposal.span
        title = self._screen.clock.span(*span)
        with ui.element("div").classes("line"):
            markup(
                f"<b>{escape(title)}</b><br>{escape(self._state.scale.movement(proposal.words))}"
                f"{self._chip(proposal.cls)}"
            ).classes("what")
            if self._writer.logged_in():
                with ui.element("div").classes("acts"):
                    ui.button("Label ...", on_click=lambda: self._ask(span, proposal.cls)).props(
                        f'flat dense no-caps aria-label="Label {title}"'
                    )
                    ui.button("Skip", on_click=lambda: self._skip(span)).props(
                        f'flat dense no-caps aria-label="Skip {title}"'
                    )

    async def _skip(self, span: Span) -> None:
        if not self._writer.may_write():
            return
        try:
            await asyncio.to_thread(self._state.reviews.skip, self._name, span)
        except SQLAlchemyError as e:
            ui.notify(f"Not skipped: {reason(e)}", type="negative")

    def _chip(self, cls: str | None) -> str:
        if cls is None:
            return ""
        name, color = escape(cls), self._state.palette[cls]
        return f' <span class="chip" style="--c:{color}">{name}?</span>'
