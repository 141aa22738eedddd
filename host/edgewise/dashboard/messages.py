"""Checks of what comes over the socket of a page.

NiceGUI's own messages pass if they are well-formed and from the browser that loaded the page.
Anything else is dropped, and nothing is logged: strangers would fill the log.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from nicegui import Client, core
from socketio.exceptions import ConnectionRefusedError
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse

from edgewise.dashboard.guard import COOKIE, App, Message, Scope, Send

__all__ = ["BYTES_MAX", "Checked", "check_messages"]

BYTES_MAX = 1 << 16  # of a message; a click or a drag over the chart has some hundred
# A handshake by long polling has no Origin header, and no connection that can be counted.
_SOCKETS, _TRANSPORTS = "/_nicegui_ws/", ["websocket"]
_NAMES = ("event", "javascript_response", "ack")
# Engine.IO: close, pong; Socket.IO: connect, disconnect, an event, which may ask for an answer
_FRAME = re.compile(
    rf'1|3|40|41|42[0-9]{{0,9}}\["(?:handshake|{"|".join(_NAMES)})",\{{.*', re.DOTALL
)
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
_is_stranger: ContextVar[bool] = ContextVar("is_stranger", default=False)

Handler = Callable[..., Any]


class Checked:
    """An ASGI app around ``app``: its sockets are websockets, and get only a page's messages."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_SOCKETS):
            await PlainTextResponse("websockets only\n", 400)(scope, receive, send)
            return

        async def receive_checked() -> Message:
            while True:
                message: Message = await receive()
                is_frame = message["type"] == "websocket.receive"
                if not is_frame or _FRAME.fullmatch(message.get("text") or ""):
                    return message

        is_socket = scope["type"] == "websocket"
        await self._app(scope, receive_checked if is_socket else receive, send)


def check_messages(is_logged_in: Callable[[str], bool]) -> None:
    """Check what NiceGUI's handlers get; once in a process, before the server starts.

    ``is_logged_in``: whether a session cookie is valid. Errors that the messages of others cause
    are not logged.
    """
    core.app.config.socket_io_js_transports = list(_TRANSPORTS)  # type: ignore[arg-type]
    core.sio.eio.transports = list(_TRANSPORTS)
    core.sio.eio.max_http_buffer_size = BYTES_MAX
    for name in ("engineio.server", "socketio.server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger("nicegui").addFilter(lambda _: not _is_stranger.get())
    handlers: dict[str, Handler] = core.sio.handlers["/"]
    for name in _NAMES:
        core.sio.on(name, _check(handlers[name], is_logged_in))
    core.sio.on("connect", _checked_connect(handlers["connect"]))
    core.sio.on("handshake", _checked_handshake(handlers["handshake"]))


def _check(handler: Handler, is_logged_in: Callable[[str], bool]) -> Handler:
    def handle(sid: str, message: Any, *_: Any) -> None:
        client = _find_client(message)
        if client is None or client.id not in core.sio.rooms(sid):
            return
        _is_stranger.set(not is_logged_in(_cookie(client.request)))
        with suppress(*_MALFORMED):
            handler(sid, message)

    return handle


def _checked_connect(handler: Handler) -> Handler:
    async def handle(sid: str, environ: dict[str, Any], *_: Any) -> None:
        query = {name: texts[0] for name, texts in parse_qs(environ["QUERY_STRING"]).items()}
        if query.get("implicit_handshake") == "true" and not _is_handshake(sid, query):
            raise ConnectionRefusedError("Implicit handshake failed")  # the page loads again
        await handler(sid, environ)

    return handle


def _checked_handshake(handler: Handler) -> Handler:
    async def handle(sid: str, message: Any, *_: Any) -> bool:
        return _is_handshake(sid, message) and bool(await handler(sid, message))

    return handle


def _is_handshake(sid: str, message: Any) -> bool:
    # It comes from the browser that loaded the page: the page's id alone opens nothing.
    client = _find_client(message)
    if client is None or not {"tab_id", "document_id"} <= set(message):
        return False
    if not all(value is None or isinstance(value, str | int) for value in message.values()):
        return False
    number = str(message.get("next_message_id") or 0)
    if not re.fullmatch("[0-9]{1,18}", number):
        return False
    environ = core.sio.get_environ(sid)
    return _cookie(HTTPConnection(environ["asgi.scope"])) == _cookie(client.request)


def _find_client(message: Any) -> Client | None:
    name = message.get("client_id") if isinstance(message, dict) else None
    return Client.instances.get(name) if isinstance(name, str) else None


def _cookie(request: HTTPConnection) -> str:
    return request.cookies.get(COOKIE, "")
