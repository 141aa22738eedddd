"""The log of a node on its page, for those who cannot plug a cable in."""

from __future__ import annotations

from html import escape

from nicegui import ui

from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.state import State

__all__ = ["LogPanel"]

_SHOW, _HIDE = "Show the log", "Hide the log"
_WAITING = "Asking the node for its last lines ..."
_EMPTY = "The node has no lines yet."


class LogPanel:
    """The panel 'Log' of the node ``name``; only a logged-in browser may ask the node."""

    def __init__(self, state: State, name: str, writer: Writer) -> None:
        self._state, self._name, self._writer = state, name, writer
        self._is_open = False
        with ui.element("section").classes("panel wide"):
            markup("<h3>Log</h3>")
            if state.broker is None:
                markup('<p class="soft">Start the dashboard with --broker to read it.</p>')
            elif not writer.logged_in():
                markup('<p class="soft">Log in to read the log of the node.</p>')
            else:
                self._button = ui.button(_SHOW, on_click=self._toggle).props("outline no-caps")
                self._notice = markup("")
                # of a screen reader: lines that are added are read out
                self._box = (
                    ui.element("div")
                    .classes("log")
                    .props('role=log tabindex=0 aria-label="Log of the node"')
                )
                with self._box:
                    self._lines = markup("")
                self._box.set_visibility(False)

    def _toggle(self) -> None:
        if self._writer.may_write():
            self._open(not self._is_open)

    def _open(self, is_open: bool) -> None:
        self._is_open = is_open
        self._button.set_text(_HIDE if is_open else _SHOW)
        self._box.set_visibility(is_open)
        self._notice.set_content("")

    def look(self) -> None:
        """Update the lines, while the panel is open."""
        if not self._is_open:
            return
        if not self._writer.logged_in():
            self._open(False)
            return
        log = self._state.logs.look(self._name)
        if log.problem:
            text = f'<p class="failed" role="alert">{escape(log.problem)}</p>'
        else:
            text = f'<p class="soft">{_WAITING}</p>' if log.lines is None else ""
        self._notice.set_content(text)
        self._box.set_visibility(log.lines is not None)
        if log.lines is not None:
            self._lines.set_content(f"<pre>{escape(chr(10).join(log.lines or [_EMPTY]))}</pre>")
