"""POST /readings: for nodes behind a proxy that lets nothing but HTTP through."""

from __future__ import annotations

import hmac
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from edgewise.collecting.writer import Writer
from edgewise.errors import InputError, OutsideError
from edgewise.messages import parse
from edgewise.urls import parse_listen

__all__ = ["HttpInput", "read_token"]

_BODY_MAX = 1 << 20
_TOKEN_MIN = 16
_STORED_S = 30.0
_POLL_S = 0.2
_STOP_S = 5


def read_token(path: Path) -> str:
    """The token in a file that only its owner can read; InputError."""
    try:
        mode = path.stat().st_mode
        token = path.read_text().strip()
    except (OSError, UnicodeError) as e:
        why = getattr(e, "strerror", None) or "not text"
        raise InputError(f"{path}: cannot be read ({why}): name a file with the token") from e
    if mode & 0o077:
        raise InputError(f"{path}: others can read it: run: chmod 600 {path}")
    if len(token) < _TOKEN_MIN or not token.isascii() or not token.isprintable():
        raise InputError(f"{path}: a token has {_TOKEN_MIN} or more letters and digits")
    return token


class HttpInput:
    """A context manager: a server at ``address`` (HOST:PORT).

    A POST holds ``{"node": ID, "readings": [...]}``, readings as in `replay`, and
    ``Authorization: Bearer TOKEN``. It is answered with 200 when they are in the database, 400
    names what is wrong and nothing of it is stored, 503: send them again. ``url`` is its address.
    """

    def __init__(self, address: str, token: str, writer: Writer) -> None:
        host, port = parse_listen("--http", address)
        self._right = f"Bearer {token}".encode()
        self._writer = writer
        try:
            self._listening = socket.create_server((host, port))
        except OSError as e:
            raise OutsideError(f"--http {address}: {e.strerror or e}: take another port") from e
        self.url = f"http://{address}/readings"
        app = Starlette(routes=[Route("/readings", self._post, methods=["POST"])])
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, log_level="error", server_header=False, timeout_graceful_shutdown=_STOP_S
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listening],), name="http", daemon=True
        )

    def __enter__(self) -> HttpInput:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    async def _post(self, request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, self._right):
            return _refused(401, "wrong token")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _BODY_MAX:
                return self._malformed(413, f"{_BODY_MAX} bytes are the most")
        try:
            messages = _messages(bytes(body), self._writer.base)
        except ValueError as e:
            return self._malformed(400, str(e))
        if await run_in_threadpool(self._stored, messages):
            return JSONResponse({"ok": True, "error": None, "readings": len(messages)})
        return _refused(503, "the database is away: send them again")

    def _malformed(self, status: int, why: str) -> JSONResponse:
        self._writer.refused()
        return _refused(status, why)

    def _stored(self, messages: list[tuple[str, bytes]]) -> bool:
        stored = threading.Semaphore(0)
        end = time.monotonic() + _STORED_S
        for topic, payload in messages:
            self._writer.put(topic, payload, stored.release, end - time.monotonic())
        return all(self._done(stored, end) for _ in messages)

    def _done(self, stored: threading.Semaphore, end: float) -> bool:
        while time.monotonic() < end and not self._writer.ended.is_set():
            if stored.acquire(timeout=_POLL_S):
                return True
        return stored.acquire(blocking=False)


def _messages(body: bytes, base: str) -> list[tuple[str, bytes]]:
    """A message for each reading; all of them are checked first. ValueError."""
    try:
        return _checked(json.loads(body), base)
    except RecursionError as e:
        raise ValueError("too deep") from e


def _checked(value: Any, base: str) -> list[tuple[str, bytes]]:
    if not isinstance(value, dict) or set(value) != {"node", "readings"}:
        raise ValueError("not an object with node and readings")
    node, readings = value["node"], value["readings"]
    if not isinstance(node, str) or not isinstance(readings, list):
        raise ValueError("node is not text, or readings is not an array")
    if set(node) & set("+#"):
        raise ValueError("node has + or #, which no topic may have")
    messages = [(f"{base}/{node}/replay", json.dumps([one]).encode()) for one in readings]
    for topic, payload in messages:
        parse(base, topic, payload, time.time())
    return messages


def _refused(status: int, why: str) -> JSONResponse:
    return JSONResponse({"ok": False, "error": why}, status)
