"""The addresses of the dashboard: pages, login, reports."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from nicegui import app as pages_app
from nicegui import ui
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from edgewise.dashboard import html, password
from edgewise.dashboard.away import shorten_database_error
from edgewise.dashboard.guard import COOKIE, DEVICE_COOKIE
from edgewise.dashboard.layout import show_page, style
from edgewise.dashboard.messages import check_messages
from edgewise.dashboard.node_page import node_page
from edgewise.dashboard.overview import overview
from edgewise.dashboard.pages import Pages
from edgewise.dashboard.paths import safe_path
from edgewise.dashboard.state import State
from edgewise.dashboard.status_page import status_page
from edgewise.database import reason
from edgewise.errors import InputError
from edgewise.package.store import REPORT
from edgewise.web import read_body

__all__ = ["add_routes"]

_BODY_MAX = 4096
# A page may lose its connection for so long. NiceGUI's default of 3 s drops clicks on a busy
# machine.
_RECONNECT_S = 60.0
_DEVICE_S = 365 * 86400


def add_routes(app: FastAPI, state: State) -> None:
    """Add login, reports and the pages to ``app``."""
    _add_login(app, state)

    @app.get("/report/{name}")
    def report(name: str) -> Response:
        page = state.models / name / REPORT
        if name not in state.packages.names() or not page.is_file():
            return HTMLResponse("no such report", 404)
        return FileResponse(page, headers={"content-security-policy": "script-src 'none'"})

    _add_pages(state)
    _run_pages(app)
    check_messages(state.sessions.valid)


def _add_login(app: FastAPI, state: State) -> None:
    @app.get("/login")
    def ask(to: str = "/") -> Response:
        return _form(state, "" if password.is_set() else _no_password(), 200, to)

    @app.post("/login")
    async def enter(request: Request) -> Response:
        return await _log_in(state, request)

    @app.post("/logout")
    def leave(request: Request) -> Response:
        state.sessions.close(request.cookies.get(COOKIE, ""))
        return RedirectResponse("/", 303)


def _add_pages(state: State) -> None:
    pages = Pages()

    @ui.page("/")
    async def index(request: Request) -> None:
        pages.add(ui.context.client)
        await show_page(overview(state, request))

    @ui.page("/node")
    async def node(request: Request, id: str) -> None:
        pages.add(ui.context.client)
        await show_page(node_page(state, request, id.replace("\0", "\ufffd")))

    @ui.page("/status")
    async def status(request: Request) -> None:
        pages.add(ui.context.client)
        await show_page(status_page(state, request))


def _run_pages(app: FastAPI) -> None:
    pages_app.on_exception(_database_error)
    # NiceGUI would answer with a page, which it holds for a minute.
    pages_app.add_exception_handler(404, lambda *_: HTMLResponse("no such page", 404))
    log = logging.getLogger("nicegui")
    log.setLevel(logging.ERROR)  # its warnings, such as an unknown address, are of strangers
    log.addFilter(shorten_database_error)
    ui.run_with(
        app,
        title="Edgewise",
        dark=None,
        favicon="🌡",
        reconnect_timeout=_RECONNECT_S,
        binding_refresh_interval=None,
        tailwind=False,
        show_welcome_message=False,
    )
    # No page stores anything for its tab, and NiceGUI would keep the names of all for 30 days.
    pages_app.storage.max_tab_storage_age = _RECONNECT_S


def _database_error(error: Exception) -> None:
    # An error of a click, for example; `refresh_every` shows the errors of its own reads.
    if isinstance(error, SQLAlchemyError):
        ui.notify(f"The database does not answer: {reason(error)}", type="negative")


def _no_password() -> str:
    return "There is no password yet: set one with edgewise dashboard password."


def _form(state: State, message: str, status: int, to: str = "/") -> Response:
    page = html.login_page(style(), message, state.private, safe_path(to))
    return HTMLResponse(page, status)


async def _log_in(state: State, request: Request) -> Response:
    device = password.device_of(request.cookies.get(DEVICE_COOKIE, ""))
    sender = f"device {device}" if device else request.client.host if request.client else ""
    try:
        body = await read_body(request, _BODY_MAX)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody receives it
    if body is None:
        return _form(state, "That is too long.", 413)
    fields = parse_qs(body.decode(errors="replace"))
    text, to = (fields.get(name, [""])[0] for name in ("password", "to"))
    if not state.attempts.take(sender, device is not None):
        return _form(state, "Too many attempts: wait a minute.", 429, to)
    try:
        is_right = await asyncio.to_thread(password.check, text)
    except InputError as e:
        return _form(state, str(e), 500, to)
    if not is_right:
        message = "That is not the password." if password.is_set() else _no_password()
        return _form(state, message, 403, to)
    state.attempts.forget(sender)
    response = RedirectResponse(safe_path(to), 303)
    is_https = request.url.scheme == "https"
    options: dict[str, Any] = {"httponly": True, "samesite": "strict", "secure": is_https}
    response.set_cookie(COOKIE, state.sessions.open(), **options)
    response.set_cookie(DEVICE_COOKIE, password.device_cookie(), _DEVICE_S, **options)
    return response
