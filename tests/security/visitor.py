"""A visitor without a browser: raw HTTP, and messages over the socket of a page."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.dashboard.test_guard import send_request
from tests.shared import LIMIT_S
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


def dial(url: str, head: bytes = b"") -> socket.socket:
    """A connection on which ``head`` is sent."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), LIMIT_S)
    connection.sendall(head)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    answer = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            answer += part
    return answer


def exchange(url: str, request: bytes) -> bytes:
    """Everything that comes after ``request``, whose end is said."""
    with dial(url, request) as connection:
        with suppress(OSError):  # it is closed already
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def client_of(html: str) -> str:
    """NiceGUI's name of the page that was loaded."""
    match = re.search(r"client_id\W+([0-9a-f-]{36})", html)
    assert match, html
    return match[1]


class Page:
    """The socket of a page that was loaded; ``query`` replaces what its browser would say."""

    def __init__(self, url: str, cookie: str = "", path: str = "/", **query: Any) -> None:
        html = send_request(url, "GET", path, Cookie=cookie).read().decode()
        self.client_id = client_of(html)
        names = {
            "client_id": self.client_id,
            "implicit_handshake": "true",
            "tab_id": "tab",
            "document_id": "document",
            "old_tab_id": "old",
            "next_message_id": "0",
        }
        self.socket = open_socket(url, cookie, **(names | query))
        self.socket.send("40")

    def send(self, *message: Any) -> None:
        self.socket.send("42" + json.dumps(message, separators=(",", ":")))

    def wait_for(self, text: str) -> str:
        """The first message with ``text``."""
        return self._first(lambda message: text in message, text)

    def wait_for_packet(self, kind: str) -> str:
        """The first packet of a kind: "40" opens the session, "44" refuses it."""
        return self._first(lambda message: message.startswith(kind), kind)

    def _first(self, is_wanted: Callable[[str], bool], what: str) -> str:
        # the server pings for ever, so that each message alone is no end
        end_s = time.monotonic() + LIMIT_S
        while not is_wanted(message := self._receive()):
            assert time.monotonic() < end_s, f"no message with {what}"
        return message

    def _receive(self) -> str:
        message = str(self.socket.recv(LIMIT_S))
        if message == "2":
            self.socket.send("3")
        return message

    def is_alive(self) -> bool:
        """Whether the server still answers on this socket."""
        try:
            is_answered = self.socket.ping()
            while not is_answered.is_set():
                with suppress(TimeoutError):
                    self.socket.recv(0.05)
        except ConnectionClosed:
            return False
        return True


def open_socket(url: str, cookie: str = "", **query: Any) -> ClientConnection:
    """A websocket of Socket.IO; ``origin=None`` leaves that header out."""
    origin = query.pop("origin", url)
    address = f"ws{url.removeprefix('http')}/_nicegui_ws/socket.io/"
    words = urlencode({"EIO": 4, "transport": "websocket", **query})
    return connect(
        f"{address}?{words}",
        origin=origin,
        additional_headers={"Cookie": cookie} if cookie else None,
        proxy=None,
        max_size=None,
        open_timeout=LIMIT_S,
    )
