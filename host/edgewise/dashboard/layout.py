"""The parts of every page: style sheet, top line, and whether the browser may write."""

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
from edgewise.dashboard.paths import login_path
from edgewise.dashboard.state import State
from edgewise.database import reason

__all__ = ["Writer", "markup", "page", "refresh_every", "show_page", "style"]

_RETRY_S = 2.0


class Writer:
    """Whether the browser of a page is logged in; checked again before each change."""

    def __init__(self, state: State, request: Request) -> None:
        self._sessions = state.sessions
        self._token = request.cookies.get(COOKIE, "")
        query = f"?{request.url.query}" if request.url.query else ""
        self.login_path = login_path(request.url.path + query)

    def may_write(self) -> bool:
        """Whether the browser may write; shows a message on the page if not."""
        if not self.logged_in():
            ui.notify("Log in first", type="warning")
            return False
        return True

    def logged_in(self) -> bool:
        return self._sessions.valid(self._token)


def style() -> str:
    """The style sheet."""
    return _read("style.css")


def _read(name: str) -> str:
    return (files("edgewise.dashboard") / name).read_text()


def markup(text: str) -> ui.html:
    """Our own HTML as an element; `edgewise.dashboard.html` has escaped foreign text in it."""
    return ui.html(text, sanitize=False)


async def show_page(build: Awaitable[None]) -> None:
    """Build a page; if the database is away, show a notice and load the page again."""
    try:
        await build
    except SQLAlchemyError as e:
        ui.add_css(style())
        markup(html.outage_notice(reason(e)))
        ui.timer(_RETRY_S, ui.navigate.reload, once=True)


async def refresh_every(
    state: State, interval_s: float, look: Callable[[], Awaitable[None]]
) -> None:
    """Call ``look`` now and every ``interval_s``.

    A notice is shown while the database or the broker is away.
    """
    notice = markup("")

    async def refresh() -> None:
        try:
            await look()
        except SQLAlchemyError as e:
            notice.set_content(html.outage_notice(reason(e)))
        else:
            problem = state.broker_problem()
            notice.set_content(html.broker_notice(problem) if problem else "")

    await refresh()
    ui.timer(interval_s, refresh, immediate=False)


@contextmanager
def page(title: str, writer: Writer, back: bool) -> Iterator[None]:
    """The frame of a page; the elements of the block go into it.

    ``back``: whether the top line links to the overview.
    """
    ui.page_title(title)
    ui.add_css(style())
    ui.add_body_html(f"<script>{_read('session.js')}</script>")
    ui.colors(primary="#2c7d67")
    login = (
        '<form method="post" action="/logout"><button>Log out</button></form>'
        if writer.logged_in()
        else f'<a href="{escape(writer.login_path)}">Log in</a>'
    )
    back_link = '<a href="/" aria-label="All nodes">&larr; All nodes</a>' if back else ""
    name = "" if back else f'<a class="name" href="/">{escape(title)}</a>'
    with ui.element("div").classes("page"):
        links = f'{name}<span></span><a href="/status">Status</a>{login}'
        markup(f'<nav class="top">{back_link}{links}</nav>')
        yield
