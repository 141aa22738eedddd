"""The page /status: whether broker, collector, disk, forecast and notifications are well."""

from __future__ import annotations

import asyncio
from html import escape

from fastapi import Request
from nicegui import ui

from edgewise.dashboard.layout import Writer, markup, page, refresh_every
from edgewise.dashboard.screen import read_screen
from edgewise.dashboard.state import State
from edgewise.dashboard.status import Row, status_rows
from edgewise.times import Clock

__all__ = ["status_page"]

_EVERY_S = 2.0
_WORDS = {"ok": "well", "bad": "look at this", "none": "not in use"}


async def status_page(state: State, request: Request) -> None:
    """Build the page; it is refreshed every two seconds."""
    writer = Writer(state, request)
    with page("Status", writer, back=True):
        table = markup("").classes("status")
        if state.send_test is not None and writer.logged_in():
            _test_button(state, writer)

    await ui.context.client.connected()
    screen = await read_screen(state)
    if screen is None:
        return

    async def refresh() -> None:
        rows = await asyncio.to_thread(status_rows, state.engine)
        lines = "".join(_line(row, screen.clock) for row in rows)
        table.set_content(f"<dl>{lines}</dl>")

    await refresh_every(state, _EVERY_S, refresh)


def _test_button(state: State, writer: Writer) -> None:
    async def send() -> None:
        if not writer.may_write() or state.send_test is None:
            return
        button.disable()
        results = await asyncio.to_thread(state.send_test)
        for name, error in results:
            ui.notify(f"{name}: {error or 'taken'}", type="negative" if error else "positive")
        button.enable()

    button = ui.button("Send a test notification", on_click=send).props("flat dense no-caps")


def _line(row: Row, clock: Clock) -> str:
    texts = [row.text, *(f"{name} {clock.format_full(at)}" for name, at in row.times)]
    text = " &middot; ".join(escape(text) for text in texts if text)
    return (
        f'<dt><i class="light {row.state}" role="img" aria-label="{_WORDS[row.state]}"></i>'
        f"{escape(row.name)}</dt><dd>{text}</dd>"
    )
