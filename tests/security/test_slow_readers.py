"""A client that asks and never reads the answer holds no connection for ever."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from starlette.responses import Response
from tests.broker.mosquitto import free_port
from tests.security.test_doors import head
from tests.security.visitor import dial
from tests.shared import wait_until

from edgewise.web import Limits, ServerThread

LONG = Response(bytes(1 << 24))  # more than the buffers of both sides
LIMITS = Limits(head_s=0.5, each=8)


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
