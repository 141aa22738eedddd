"""A client asks and never reads the answer, or breaks its request off while it is answered."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack
from typing import Any

import h11
import pytest
from starlette.responses import Response
from tests.broker.mosquitto import free_port
from tests.security.test_doors import head
from tests.security.visitor import dial, read_all
from tests.shared import wait_until

from edgewise.web import Limits, ServerThread

LONG = Response(bytes(1 << 24))  # more than the buffers of both sides
LIMITS = Limits(head_s=3, each=8)


@pytest.mark.parametrize("kind", ["close", "keep-alive"])
def test_an_answer_that_nobody_reads(kind: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    with ServerThread(LONG, LIMITS, "--http", address) as served, ExitStack() as stack:
        open_connections = served._server.server_state.connections
        for _ in range(3 * LIMITS.each):
            url = f"http://{address}/"
            stack.enter_context(dial(url, head(url, Connection=kind)))
        wait_until(lambda: served._server.server_state.total_requests >= LIMITS.each)
        wait_until(lambda: len(open_connections) <= LIMITS.each, lambda: len(open_connections))
        wait_until(lambda: not open_connections, lambda: len(open_connections))


def test_a_request_that_turns_bad_during_its_answer() -> None:
    errors: list[Exception] = []
    is_over = threading.Event()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200})
            while not is_over.is_set():
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0)
        except h11.LocalProtocolError as e:
            errors.append(e)

    url = f"http://127.0.0.1:{free_port()}/"
    with ServerThread(answer, Limits(), "--http", url[7:-1]):
        with dial(url, head(url, "POST", Transfer_Encoding="chunked")) as connection:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            connection.sendall(b"zz\r\n")
            read_all(connection)
        is_over.set()
    assert errors == []
