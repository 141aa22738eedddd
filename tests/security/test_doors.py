"""Strangers hold the HTTP servers of the dashboard and the collector open, or fill them."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine
from tests.broker.mosquitto import free_port
from tests.collector.test_http import TOKENS, post, readings
from tests.collector.test_metrics import read
from tests.dashboard.conftest import PASSWORD
from tests.dashboard.test_guard import enter, send_request
from tests.security.visitor import Page, client_of, dial, open_socket, read_all
from tests.shared import LIMIT_S, wait_until
from websockets.exceptions import InvalidStatus

from edgewise.collector import Writer
from edgewise.collector.http import HttpInput
from edgewise.collector.metrics import serving
from edgewise.web import Connections, Limits

IDLE = 300


@pytest.fixture
def inlet(engine: Engine) -> Iterator[str]:
    """The address of a collector's HTTP input."""
    with Writer(engine) as writer, HttpInput(f"127.0.0.1:{free_port()}", TOKENS, writer) as made:
        yield made.url


@pytest.fixture
def metrics(engine: Engine) -> Iterator[str]:
    """The address of a collector's metrics."""
    address = f"127.0.0.1:{free_port()}"
    with serving(Writer(engine), address):
        yield f"http://{address}/metrics"


def head(url: str, method: str = "GET", **fields: object) -> bytes:
    """The head of a request from a page of the same origin."""
    parts = urlsplit(url)
    names = {"Host": parts.netloc, "Origin": f"http://{parts.netloc}", **fields}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in names.items()]
    return "\r\n".join([f"{method} {parts.path or '/'} HTTP/1.1", *lines, "", ""]).encode()


def is_closed(connection: socket.socket) -> bool:
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return not connection.recv(65536)
    except ConnectionError:
        return True


def open_idle(
    stack: ExitStack, url: str, n: int, source: str = "127.0.0.1"
) -> list[socket.socket]:
    parts = urlsplit(url)
    address, own = (parts.hostname, parts.port), (source, 0)
    return [
        stack.enter_context(socket.create_connection(address, LIMIT_S, source_address=own))
        for _ in range(n)
    ]


def test_half_open_requests_end(url: str, inlet: str, metrics: str, secret: str) -> None:
    page = Page(url)
    with ExitStack() as stack:
        dripping = []
        for address in (url, inlet, metrics):
            dripping += [
                dial(address),
                dial(address, head(address)[:-2] + b"X-Slow: "),
                dial(address, head(f"{address}/none") + b"G"),  # after an answered one
                dial(address, head(f"{address}/none", "POST", Content_Length=9999) + b"x"),
            ]
        dripping.append(dial(url, head(f"{url}/login", "POST", Content_Length=9999)))
        dripping.append(dial(url, head(f"{url}/login", "POST", Transfer_Encoding="chunked")))
        silent = [dial(url), dial(inlet), dial(metrics), dial(url, head(f"{url}/none"))]
        for connection in dripping + silent:
            stack.enter_context(connection)
        left = set(dripping + silent)

        def are_all_closed() -> bool:
            for connection in list(left):
                if connection in dripping:
                    with suppress(OSError):
                        connection.send(b"a")
                if is_closed(connection):
                    left.remove(connection)
            return not left

        wait_until(are_all_closed, lambda: left)
    assert page.is_alive()
    assert enter(url, PASSWORD).status == 303
    assert post(inlet, readings(1))[0] == 200
    assert read(urlsplit(metrics).netloc)


def test_idle_connections_keep_nobody_out(url: str, inlet: str, metrics: str, secret: str) -> None:
    for address, most in ((url, Limits.each), (inlet, Limits.all), (metrics, Limits.each)):
        with ExitStack() as stack:
            idle = open_idle(stack, address, IDLE)
            closed: set[socket.socket] = set()

            def are_few(
                idle: list[socket.socket] = idle,
                closed: set[socket.socket] = closed,
                most: int = most,
            ) -> bool:
                closed |= {c for c in idle if c not in closed and is_closed(c)}
                return len(closed) >= IDLE - most

            wait_until(are_few, lambda closed=closed: len(closed))
            assert not is_closed(idle[-1])
            assert enter(url, PASSWORD).status == 303
            assert send_request(url, "GET", "/").status == 200
            assert post(inlet, readings(1))[0] == 200
            assert read(urlsplit(metrics).netloc)


def test_open_sockets_keep_nobody_out(url: str, secret: str) -> None:
    sockets = [open_socket(url) for _ in range(Limits.each + 10)]
    assert enter(url, PASSWORD).status == 303
    assert Page(url).is_alive()
    for connection in sockets:
        connection.close_socket()


def test_strangers_take_no_page_away(url: str) -> None:
    page = Page(url)
    with ExitStack() as stack:
        for i in range(2, 10):
            open_idle(stack, url, Limits.all // 6, f"127.0.0.{i}")
        assert page.is_alive()
        assert send_request(url, "GET", "/").status == 200


class Fake:
    def __init__(self, address: str, waits: bool = True) -> None:
        self._address, self._waits, self._closed = address, waits, False

    def sender(self) -> str:
        return self._address

    def is_closed(self) -> bool:
        return self._closed

    def is_waiting(self) -> bool:
        return self._waits

    def abort(self) -> None:
        self._closed = True


def fill(limits: Limits, *connections: Fake) -> list[bool]:
    """Which of ``connections`` are closed when all have come."""
    opened = Connections(limits)
    for connection in connections:
        opened.add(connection)
    return [connection.is_closed() for connection in connections]


def test_which_connection_makes_room() -> None:
    limits = Limits(all=4, each=3, proxies=("192.0.2.9",))
    a, b, proxy = "192.0.2.1", "192.0.2.2", "192.0.2.9"
    # of an own limit the oldest that waits, or else the oldest
    assert fill(limits, Fake(a, False), Fake(a), Fake(a), Fake(a)) == [False, True, False, False]
    assert fill(limits, *(Fake(a, False) for _ in range(4))) == [True, False, False, False]
    # of all, one of the address that has the most
    assert fill(limits, Fake(b), Fake(b), Fake(a), Fake(a), Fake(b)) == [True] + 4 * [False]
    assert fill(limits, Fake(b), *(Fake(a) for _ in range(6)))[0] is False
    # a proxy stands for many
    assert sum(fill(limits, *(Fake(proxy) for _ in range(4)))) == 0
    # a network of IPv6 is one customer; an address of IPv4 in the form of IPv6 is its own
    assert sum(fill(limits, *(Fake(f"::ffff:192.0.2.{i}") for i in range(1, 5)))) == 0
    assert sum(fill(limits, *(Fake(f"2001:db8::{i}") for i in range(1, 5)))) == 1
    assert sum(fill(limits, *(Fake(f"2001:db8:0:{i}::1") for i in range(1, 5)))) == 0


def test_pages_that_nobody_opens_are_bounded(url: str) -> None:
    first = client_of(send_request(url, "GET", "/").read().decode())
    for _ in range(Limits.each):
        latest = client_of(send_request(url, "GET", "/").read().decode())
    assert "Implicit handshake failed" in Page(url, client_id=first).wait_for_packet("44")
    assert '"sid"' in Page(url, client_id=latest).wait_for_packet("40")


def test_pages_that_were_left_are_bounded(url: str) -> None:
    first = Page(url)
    pages = [first, *(Page(url) for _ in range(Limits.each - 2))]
    for page in pages:
        assert '"sid"' in page.wait_for_packet("40")
        page.socket.close()
    latest = Page(url)
    for _ in range(2):
        send_request(url, "GET", "/")
    assert "Implicit handshake failed" in Page(url, client_id=first.client_id).wait_for_packet(
        "44"
    )
    assert '"sid"' in Page(url, client_id=pages[-1].client_id).wait_for_packet("40")
    assert latest.is_alive()


def test_an_unknown_address_makes_no_page(url: str) -> None:
    for path in ("/none", "/node", "/docs", "/login/", "/report/none", "/_nicegui/x/y"):
        response = send_request(url, "GET", path)
        assert 400 <= response.status < 500 and b"client_id" not in response.read(), path


def test_a_login_reads_no_more_than_a_password(url: str, secret: str) -> None:
    long = b"2000\r\n" + 0x2000 * b"a" + b"\r\n"
    with dial(url, head(f"{url}/login", "POST", Transfer_Encoding="chunked") + long) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
    with dial(url, head(f"{url}/login", "POST", Content_Length=100) + b"password=") as connection:
        connection.shutdown(socket.SHUT_WR)
        assert b"303" not in read_all(connection)[:20]


def test_a_socket_without_an_origin_is_refused(url: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(url, origin=None)
    polling = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert send_request(url, "GET", polling).status == 400


def test_the_head_of_a_request_is_bounded(url: str, inlet: str, metrics: str) -> None:
    for address in (url, inlet, metrics):
        with dial(address, head(address)[:-2]) as connection, pytest.raises(ConnectionError):
            for _ in range(1024):
                connection.sendall(b"X: " + 8192 * b"x" + b"\r\n")
