"""Who may change something: sessions behind a password, and no request from another site."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from edgewise.dashboard import password

__all__ = ["COOKIE", "DEVICE_COOKIE", "App", "Guard", "Message", "Scope", "Send", "Sessions"]

COOKIE, DEVICE_COOKIE = "edgewise_session", "edgewise_device"
_SESSION_S = 12 * 3600
_SESSIONS_MAX = 100
_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]


class Sessions:
    """The logged-in browsers, by the hash of their cookie.

    A session ends after twelve hours. All end when the password changes or is removed.
    """

    def __init__(self) -> None:
        self._expiry_s: dict[bytes, float] = {}
        self._stamp = password.stamp()
        self._lock = threading.Lock()

    def open(self) -> str:
        """Open a session and return its cookie."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._end_old_password()
            while len(self._expiry_s) >= _SESSIONS_MAX:
                del self._expiry_s[min(self._expiry_s, key=self._expiry_s.__getitem__)]
            self._expiry_s[_key(token)] = time.monotonic() + _SESSION_S
        return token

    def close(self, token: str) -> None:
        with self._lock:
            self._expiry_s.pop(_key(token), None)

    def valid(self, token: str) -> bool:
        with self._lock:
            self._end_old_password()
            return self._expiry_s.get(_key(token), 0.0) > time.monotonic()

    def _end_old_password(self) -> None:
        stamp = password.stamp()
        if stamp != self._stamp:
            self._expiry_s.clear()
            self._stamp = stamp


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Guard:
    """An ASGI app around ``app`` that refuses requests from other sites.

    It refuses a request or websocket from a page of another origin, a POST or websocket without
    an Origin header, and a host name that is not this machine's (DNS rebinding).
    """

    def __init__(self, app: App, host: str) -> None:
        self._app = app
        name = socket.gethostname().lower()
        self._names = {"localhost", host.lower(), name, f"{name}.local", socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif self._is_allowed_host(scope):
            await self._app(scope, receive, _add_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": b"refused: another origin\n"})

    def _is_allowed_host(self, scope: Scope) -> bool:
        headers: dict[bytes, str] = {
            name: value.decode("latin-1") for name, value in scope["headers"]
        }
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        try:
            if not self._is_own_host(host):
                return False
            if origin is None:
                return scope.get("method") in ("GET", "HEAD")
            return urlsplit(origin).netloc.lower() == host.lower()
        except ValueError:  # not an address, such as [
            return False

    def _is_own_host(self, host: str) -> bool:
        name = (urlsplit(f"//{host}").hostname or "").lower()
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True


def _add_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return send_with_headers
