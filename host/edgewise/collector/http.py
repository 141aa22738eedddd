"""POST: an input for nodes and programs that speak HTTP, or that a proxy lets nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from edgewise.collector.posts import (
    AWAY,
    OTHER_NODE,
    KindError,
    OtherNode,
    check_node,
    store,
    topic_of,
)
from edgewise.collector.tokens import Tokens
from edgewise.collector.writer import Writer
from edgewise.messages.mqtt import parse
from edgewise.web import Limits, ServerThread, read_body

__all__ = ["HttpInput"]

_BODY_MAX = 1 << 20
# The answer has that of its request: a node takes no answer for that to another one.
_NUMBER = "edgewise-number"
_IS_NUMBER = re.compile("[0-9]{1,5}").fullmatch
_BODY_S = 30.0
# `_post` answers a body that is late. Many nodes have the one address of their proxy.
_LIMITS = Limits(body_s=_BODY_S + 10, each=Limits.all)


class _Refusal(Exception):
    """The answer to a request of which no message can be made."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.response = _refusal(status, why)


class HttpInput(ServerThread):
    """A context manager: a server at ``address`` (HOST:PORT); ``url`` is its address.

    A POST to /readings holds ``{"node": ID, "readings": [...]}``, readings as in `replay`, one to
    /nodes/ID/KIND what a node would send to its topic, and both ``Authorization: Bearer TOKEN``.
    Status 200 or 204: it is in the database. 400: the answer names the error; 403: the token is
    of another node; both count as rejected. 503: send it again.
    """

    def __init__(self, address: str, tokens: Tokens, writer: Writer) -> None:
        self.url = f"http://{address}/readings"
        self._tokens = tokens
        self._writer = writer
        routes = [
            Route("/readings", self._post, methods=["POST"]),
            Route("/nodes/{node}/{kind}", self._post_message, methods=["POST"]),
        ]
        app = Starlette(routes=routes)
        super().__init__(app, _LIMITS, "--http", address)

    async def _post(self, request: Request) -> Response:
        try:
            nodes, body = await self._read(request)
            messages = _messages(body, self._writer.base, nodes)
        except _Refusal as e:
            return e.response
        except OtherNode:
            return self._reject(403, OTHER_NODE)
        except ValueError as e:
            return self._reject(400, str(e))
        if await store(self._writer, messages):
            return _answer(200, ok=True, error=None, readings=len(messages))
        return _refusal(503, AWAY)

    async def _post_message(self, request: Request) -> Response:
        node, kind = request.path_params["node"], request.path_params["kind"]
        try:
            nodes, body = await self._read(request)
            topic = topic_of(self._writer.base, node, kind, nodes)
        except _Refusal as e:
            return e.response
        except OtherNode:
            return self._reject(403, OTHER_NODE)
        except KindError as e:
            return _refusal(404, str(e))
        except ValueError as e:
            return self._reject(400, str(e))
        if await store(self._writer, [(topic, body)]):
            number = request.headers.get(_NUMBER, "")
            return Response(None, 204, {_NUMBER: number} if _IS_NUMBER(number) else None)
        return _refusal(503, AWAY)

    async def _read(self, request: Request) -> tuple[set[str], bytes]:
        # the nodes that it may send for, and its body
        nodes = self._tokens.nodes_of(request.headers.get("authorization", ""))
        if not nodes:
            raise _Refusal(401, "wrong token")
        try:
            async with asyncio.timeout(_BODY_S):
                body = await read_body(request, _BODY_MAX)
        except TimeoutError:
            raise _Refusal(408, f"not all of it came within {_BODY_S:.0f} s") from None
        except ClientDisconnect:
            raise _Refusal(400, "not all of it came") from None  # nobody receives this answer
        if body is None:
            self._writer.count_refusal()
            raise _Refusal(413, f"{_BODY_MAX} bytes are the most")
        return nodes, body

    def _reject(self, status: int, why: str) -> Response:
        self._writer.count_refusal()
        return _refusal(status, why)


def _messages(body: bytes, base: str, nodes: set[str]) -> list[tuple[str, bytes]]:
    """Topic and payload of each reading; ValueError if one of them is malformed.

    OtherNode if they are not of one of ``nodes``.
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
    check_node(node, nodes)
    messages = [(f"{base}/{node}/replay", json.dumps([reading]).encode()) for reading in readings]
    for topic, payload in messages:
        parse(base, topic, payload, time.time())
    return messages


def _refusal(status: int, why: str) -> Response:
    return _answer(status, ok=False, error=why)


def _answer(status: int, **values: object) -> Response:
    # ASCII: an error may quote text that cannot be encoded
    return Response(json.dumps(values), status, media_type="application/json")
