"""CoAP: an input for nodes that post by UDP (RFC 7252), long messages in blocks (RFC 7959)."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections import OrderedDict
from typing import Any, Self

from aiocoap import Context, Message  # type: ignore[import-untyped]
from aiocoap.numbers import codes  # type: ignore[import-untyped]

from edgewise.collector.posts import KindError, OtherNode, store, topic_of
from edgewise.collector.tokens import Tokens
from edgewise.collector.writer import Writer
from edgewise.errors import OutsideError
from edgewise.urls import parse_listen

__all__ = ["CoapInput"]

_LOGGER = "edgewise-coap"
_BODY_MAX = 4096  # as of a message by MQTT
_UNFINISHED_MAX = 256  # messages of which blocks are to come
_SZX_MAX = 6  # RFC 7959, 2.2: 7 is not for UDP
_TOKEN = "token="
_LIMIT_S = 10.0


class CoapInput:
    """A context manager: a server at ``address`` (HOST:PORT); ``url`` is its address.

    A POST to /nodes/ID/KIND?token=TOKEN holds what a node would send to its topic. 2.04: it is in
    the database. 4.03: the token is of another node, which counts as rejected. 5.03: send it
    again. InputError for another form of address, OutsideError where it cannot listen.
    """

    def __init__(self, address: str, tokens: Tokens, writer: Writer) -> None:
        self._address = parse_listen("--coap", address)
        self._site = _Site(tokens, writer)
        self.url = f"coap://{address}"
        self._loop = asyncio.new_event_loop()
        # aiocoap raises where a datagram of strangers has an option that is no UTF-8
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="coap", daemon=True)

    def __enter__(self) -> Self:
        logging.getLogger(_LOGGER).setLevel(logging.CRITICAL)
        try:
            _check_free(*self._address)
            self._thread.start()
            self._context = self._run(self._start())
        except (OSError, ValueError) as e:
            self._stop()
            why = e.strerror if isinstance(e, OSError) and e.strerror else e
            raise OutsideError(
                f"--coap {self.url.removeprefix('coap://')}: {why}: take another host or port"
            ) from e
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._context.shutdown())
        self._stop()

    async def _start(self) -> Context:
        # what aiocoap takes by itself has TCP, too
        transport = "udp6" if sys.platform == "linux" else "simplesocketserver"
        return await Context.create_server_context(
            self._site, bind=self._address, loggername=_LOGGER, transports=[transport]
        )

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_LIMIT_S)

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_LIMIT_S)
        self._loop.close()


def _check_free(host: str, port: int) -> None:
    # aiocoap shares its port with whoever listens there already
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.bind(place)


class _Refusal(Exception):
    """The answer to a message of which nothing is stored."""

    def __init__(self, code: Any) -> None:
        super().__init__(str(code))
        self.code = code


class _Site:
    # Without aiocoap's own assembly of blocks, which has no limits and comes before the token.
    def __init__(self, tokens: Tokens, writer: Writer) -> None:
        self._tokens, self._writer = tokens, writer
        self._blocks = _Blocks()

    async def render_to_pipe(self, pipe: Any) -> None:
        pipe.add_response(await self._answer(pipe.request), is_last=True)

    async def _answer(self, request: Message) -> Message:
        try:
            topic = self._topic(request)
            body = self._blocks.take(request)
        except _Refusal as e:
            return Message(code=e.code)
        if body is None:
            return Message(code=codes.CONTINUE, block1=request.opt.block1)
        is_stored = await store(self._writer, [(topic, body)])
        code = codes.CHANGED if is_stored else codes.SERVICE_UNAVAILABLE
        return Message(code=code, block1=request.opt.block1)

    def _topic(self, request: Message) -> str:
        if request.code != codes.POST:
            raise _Refusal(codes.METHOD_NOT_ALLOWED)
        given = [q.removeprefix(_TOKEN) for q in request.opt.uri_query if q.startswith(_TOKEN)]
        nodes = self._tokens.nodes_of(f"Bearer {given[0]}") if len(given) == 1 else set()
        if not nodes:
            raise _Refusal(codes.UNAUTHORIZED)
        path = request.opt.uri_path
        if len(path) != 3 or path[0] != "nodes":
            raise _Refusal(codes.NOT_FOUND)
        try:
            return topic_of(self._writer.base, path[1], path[2], nodes)
        except OtherNode:
            self._writer.count_refusal()
            raise _Refusal(codes.FORBIDDEN) from None
        except KindError:
            raise _Refusal(codes.NOT_FOUND) from None
        except ValueError:
            self._writer.count_refusal()
            raise _Refusal(codes.BAD_REQUEST) from None


class _Blocks:
    """The messages of which not all blocks have come, the oldest first."""

    def __init__(self) -> None:
        self._parts: OrderedDict[Any, bytes] = OrderedDict()

    def take(self, request: Message) -> bytes | None:
        """The whole message with this block; None while more are to come."""
        block = request.opt.block1
        if block is None:
            return _bounded(request.payload)
        if block.size_exponent > _SZX_MAX or (block.more and len(request.payload) != block.size):
            raise _Refusal(codes.BAD_REQUEST)
        key = (request.remote.blockwise_key, request.opt.uri_path)
        before = self._parts.pop(key, b"") if block.block_number else b""
        if len(before) != block.start:
            raise _Refusal(codes.REQUEST_ENTITY_INCOMPLETE)
        body = _bounded(before + request.payload)
        if not block.more:
            return body
        self._parts[key] = body
        if len(self._parts) > _UNFINISHED_MAX:
            self._parts.popitem(last=False)
        return None


def _bounded(body: bytes) -> bytes:
    if len(body) > _BODY_MAX:
        raise _Refusal(codes.REQUEST_ENTITY_TOO_LARGE)
    return body
