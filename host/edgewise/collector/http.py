"""POST /readings: an input for nodes behind a proxy that passes only HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from edgewise.collector.tokens import ALL_NODES, Tokens
from edgewise.collector.writer import Writer
from edgewise.messages.mqtt import parse
from edgewise.web import Limits, ServerThread, read_body

__all__ = ["HttpInput"]

_BODY_MAX = 1 << 20
_BODY_S = 30.0
_STORED_S = 30.0
# `_post` answers a body that is late. Many nodes have the one address of their proxy.
_LIMITS = Limits(body_s=_BODY_S + 10, each=Limits.all)


class _OtherNode(Exception):
    """The token is not of the node that the request names."""


class HttpInput(ServerThread):
    """A context manager: a server at ``address`` (HOST:PORT); ``url`` is its address.

    A POST holds ``{"node": ID, "readings": [...]}``, readings as in `replay`, and
    ``Authorization: Bearer TOKEN``. Status 200: the readings are in the database. 400: the answer
    names the error; 403: the token is of another node; both count as rejected. 503: send the
    readings again.
    """

    def __init__(self, address: str, tokens: Tokens, writer: Writer) -> None:
        self.url = f"http://{address}/readings"
        self._tokens = tokens
        self._writer = writer
        app = Starlette(routes=[Route("/readings", self._post, methods=["POST"])])
        super().__init__(app, _LIMITS, "--http", address)

    async def _post(self, request: Request) -> Response:
        nodes = self._tokens.nodes_of(request.headers.get("authorization", ""))
        if not nodes:
            return _refusal(401, "wrong token")
        try:
            async with asyncio.timeout(_BODY_S):
                body = await read_body(request, _BODY_MAX)
        except TimeoutError:
            return _refusal(408, f"not all of it came within {_BODY_S:.0f} s")
        except ClientDisconnect:
            return _refusal(400, "not all of it came")  # nobody receives this answer
        if body is None:
            return self._reject(413, f"{_BODY_MAX} bytes are the most")
        try:
            messages = _messages(body, self._writer.base, nodes)
        except _OtherNode:
            return self._reject(403, "the token is of another node")
        except ValueError as e:
            return self._reject(400, str(e))
        if await self._store(messages):
            return _answer(200, ok=True, error=None, readings=len(messages))
        return _refusal(503, "the database is away or behind: send them again")

    def _reject(self, status: int, why: str) -> Response:
        self._writer.count_refusal()
        return _refusal(status, why)

    async def _store(self, messages: list[tuple[str, bytes]]) -> bool:
        loop = asyncio.get_running_loop()
        stored_messages = asyncio.Semaphore(0)

        def on_stored() -> None:
            with suppress(RuntimeError):  # the server has stopped meanwhile
                loop.call_soon_threadsafe(stored_messages.release)

        try:
            async with asyncio.timeout(_STORED_S):
                await to_thread.run_sync(
                    self._put_messages, messages, on_stored, abandon_on_cancel=True
                )
                for _ in messages:
                    await stored_messages.acquire()
        except (TimeoutError, asyncio.CancelledError):  # cancelled: the server stops
            return False
        return True

    def _put_messages(
        self, messages: list[tuple[str, bytes]], on_stored: Callable[[], None]
    ) -> None:
        # blocks while the database is away
        end = time.monotonic() + _STORED_S
        for topic, payload in messages:
            self._writer.put(topic, payload, on_stored, end - time.monotonic())


def _messages(body: bytes, base: str, nodes: set[str]) -> list[tuple[str, bytes]]:
    """Topic and payload of each reading; ValueError if one of them is malformed.

    _OtherNode if they are not of one of ``nodes``.
    """
    try:
        return _checked_messages(json.loads(body), base, nodes)
    except RecursionError as e:
        raise ValueError("too deep") from e


def _checked_messages(value: Any, base: str, nodes: set[str]) -> list[tuple[str, bytes]]:
    if not isinstance(value, dict) or set(value) != {"node", "readings"}:
        raise ValueError("not an object with node and readings")
    node, readings = value["node"], value["readings"]
    if not isinstance(node, str) or not isinstance(readings, list):
        raise ValueError("node is not text, or readings is not an array")
    if not nodes & {node, ALL_NODES}:
        raise _OtherNode
    if set(node) & set("+#"):
        raise ValueError("node has + or #, which no topic may have")
    messages = [(f"{base}/{node}/replay", json.dumps([reading]).encode()) for reading in readings]
    for topic, payload in messages:
        parse(base, topic, payload, time.time())
    return messages


def _refusal(status: int, why: str) -> Response:
    return _answer(status, ok=False, error=why)


def _answer(status: int, **values: object) -> Response:
    # ASCII: an error may quote text that cannot be encoded
    return Response(json.dumps(values), status, media_type="application/json")
