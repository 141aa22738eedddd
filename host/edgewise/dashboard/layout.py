"""What every page has: style, top line, and the right to write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from html import escape
from importlib.resources import files

from fastapi import Request
from nicegui import ui
from sqlalchemy.exc import SQLAlchemyError

from edgewise.dashboard import html
from edgewise.dashboard.guard import COOKIE
from edgewise.dashboard.state import State
from edgewise.database import reason

__all__ = ["Writer", "markup", "page", "refresh_every", "show_page", "style"]

_AGAIN_S = 2.0


class Writer:
    """Whether the browser behind a page is logged in, asked again before each change."""

    def __init__(self, state: State, request: Request) -> None:
        self._sessions = state.sessions
        self._token = request.cookies.get(COOKIE, "")

    def allowed(self) -> bool:
        """Say so on the page where it is not."""
        if not self.logged_in():
            ui.notify("Log in first", type="warning")
            return False
        return True

    def logged_in(self) -> bool:
        return self._sessions.valid(self._token)


def style() -> str:
    """The style sheet."""
    return (files("edgewise.dashboard") / "style.css").read_text()


def markup(text: str) -> ui.html:
    """HTML of ours, in which `edgewise.dashboard.html` has escaped what is not."""
    return ui.html(text, sanitize=False)


async def show_page(build: Awaitable[None]) -> None:
    """Build a page; where the database is away, one that says so and tries again."""
    try:
        await build
    except SQLAlchemyError as e:
        ui.add_css(style())
        markup(html.outage_notice(reason(e)))
        ui.timer(_AGAIN_S, ui.navigate.reload, once=True)


async def refresh_every(interval_s: float, look: Callable[[], Awaitable[None]]) -> None:
    """Call ``look`` now and from now on; the page says while the database is away."""
    strip = markup("")

    async def turn() -> None:
        try:
            await look()
        except SQLAlchemyError as e:
            strip.set_content(html.outage_notice(reason(e)))
        else:
            strip.set_content("")

    await turn()
    ui.timer(interval_s, turn, immediate=False)


@contextmanager
def page(title: str, writer: Writer, back: bool) -> Iterator[None]:
    """The frame of a page around what the block adds."""
    ui.page_title(title)
    ui.add_css(style())
    ui.colors(primary="#2c7d67")
    log = (
        '<form method="post" action="/logout"><button>Log out</button></form>'
        if writer.logged_in()
        else '<a href="/login">Log in</a>'
    )
    way = '<a href="/" aria-label="All nodes">&larr; All nodes</a>' if back else ""
    name = "" if back else f'<a class="name" href="/">{escape(title)}</a>'
    with ui.element("div").classes("page"):
        markup(f'<nav class="top">{way}{name}<span></span>{log}</nav>')
        yield
