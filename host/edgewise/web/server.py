"""uvicorn with limits: a request has a time to arrive, and connections are bounded."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from edgewise.web.limits import Connections, Limits

__all__ = ["Server"]

_BACKLOG = 64  # asyncio accepts so many at once, before any of them is counted


class Server(uvicorn.Server):
    """A server of the ASGI app ``app``; ``options`` are those of `uvicorn.Config`."""

    def __init__(self, app: Any, limits: Limits, **options: Any) -> None:
        super().__init__(_Config(app, limits, **options))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").addFilter(_is_own_error)
        asyncio.get_running_loop().set_exception_handler(_on_error)
        await super().startup(sockets)


class _Config(uvicorn.Config):
    def __init__(self, app: Any, limits: Limits, **options: Any) -> None:
        # h11: uvicorn always brings it, and it bounds a head (16 KiB)
        super().__init__(
            app, http=_Http, backlog=_BACKLOG, server_header=False, access_log=False, **options
        )
        self.limits = limits
        self.open_connections = Connections(limits)


class _Http(H11Protocol):
    # Closes a connection whose request does not come in time. uvicorn's own limit is for the time
    # between two requests, and one byte ends it.

    config: _Config

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._is_over = False
        self._phase: tuple[object, str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.config.open_connections.add(self)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # the request has an answer, or a part of it, already
            self.abort()
        if self.cycle is not None:
            self.cycle.disconnected = True  # the rest of the answer is not sent, which would fail

    def sender(self) -> str:
        return self.client[0] if self.client else ""

    def is_closed(self) -> bool:
        # While nobody reads the end of its answer, a closing connection is open still.
        return self._is_over or (self._is_websocket() and self.transport.is_closing())

    def is_waiting(self) -> bool:
        return self._get_phase() is not None

    def abort(self) -> None:
        self._is_over = True
        self.transport.abort()

    def _is_websocket(self) -> bool:
        return self.transport.get_protocol() is not self

    def _get_phase(self) -> tuple[object, str] | None:
        # the latest request, and what part of one is awaited; None while one is answered
        if self._is_websocket():
            return None
        if self.cycle is None or self.cycle.response_complete:
            return self.cycle, "head"
        return (self.cycle, "body") if self.cycle.more_body else None

    def _watch(self) -> None:
        phase = self._get_phase()
        if phase == self._phase:
            return
        self._stop_timer()
        self._phase = phase
        if phase and not self._is_over:
            limits = self.config.limits
            limit_s = limits.head_s if phase[1] == "head" else limits.body_s
            self._timer = self.loop.call_later(limit_s, self.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_own_error(record: logging.LogRecord) -> bool:
    # The other error: a websocket that sends a text which is not UTF-8. It is closed.
    return not (record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError))


def _on_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio closes a connection after an error; what its client sent was the cause.
    if "protocol" not in context:
        loop.default_exception_handler(context)
