"""``--private``: nobody reads without a login."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from nicegui import Client
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse

from edgewise.dashboard.guard import COOKIE, App, Message, Scope, Send, Sessions
from edgewise.dashboard.paths import LOGIN, login_path

__all__ = ["Private"]

_CHECK_S = 1.0
_CLOSE: Message = {"type": "websocket.close", "code": 1008}  # RFC 6455: against a rule


class Private:
    """An ASGI app around ``app`` that answers nobody without a session, except at /login.

    When a session ends, its open pages get nothing more and go to /login.
    """

    def __init__(self, app: App, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == LOGIN:
            await self._app(scope, receive, send)
            return
        token = HTTPConnection(scope).cookies.get(COOKIE, "")
        if not self._sessions.valid(token):
            await _refuse(scope, receive, send)
        elif scope["type"] == "websocket":
            await _Socket(self._sessions, token, send, _page_of(scope)).run(
                self._app, scope, receive
            )
        else:
            await self._app(scope, receive, send)


async def _refuse(scope: Scope, receive: Any, send: Send) -> None:
    if scope["type"] == "websocket":
        await send(_CLOSE)
    elif scope["method"] in ("GET", "HEAD"):
        path = f"{scope['path']}?{scope['query_string'].decode('latin-1')}".removesuffix("?")
        await RedirectResponse(login_path(path), 303)(scope, receive, send)
    else:
        await PlainTextResponse("refused: log in first\n", 403)(scope, receive, send)


def _page_of(scope: Scope) -> str:
    # Path and query of the page whose socket it is.
    names = parse_qs(scope["query_string"].decode("latin-1")).get("client_id", [""])
    client = Client.instances.get(names[0])
    if client is None:
        return "/"
    url = client.request.url
    return f"{url.path}?{url.query}".removesuffix("?")


def _go_to(path: str) -> Message:
    # NiceGUI's message that sends a page to another address
    text = json.dumps(["open", {"path": path, "new_tab": False}], separators=(",", ":"))
    return {"type": "websocket.send", "text": f"42{text}"}


class _Socket:
    # The socket of an open page: what the app sends goes out while the session lasts.

    def __init__(self, sessions: Sessions, token: str, send: Send, page: str) -> None:
        self._sessions, self._token, self._raw_send = sessions, token, send
        self._page = page
        self._has_ended = False

    async def run(self, app: App, scope: Scope, receive: Any) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            await app(scope, receive, self._send)
        finally:
            watch.cancel()

    async def _send(self, message: Message) -> None:
        if self._sessions.valid(self._token):
            await self._raw_send(message)
        else:
            await self._end()

    async def _watch(self) -> None:
        while self._sessions.valid(self._token):
            await asyncio.sleep(_CHECK_S)
        await self._end()

    async def _end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        for message in (_go_to(login_path(self._page)), _CLOSE):
            with suppress(OSError, RuntimeError):  # it is closed, or not open yet
                await self._raw_send(message)
