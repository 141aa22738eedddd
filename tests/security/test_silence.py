"""A visitor of the dashboard writes nothing to its log, whatever comes over HTTP or a socket."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.dashboard.conftest import NODE
from tests.dashboard.past import rooms, store
from tests.dashboard.test_guard import send_request
from tests.security.test_doors import head
from tests.security.test_logins import log_in
from tests.security.visitor import Page, dial, exchange, open_socket, read_all
from tests.shared import wait_until
from websockets.exceptions import ConnectionClosed

EVIL = "\x1b[2J\x1b]0;evil\x07\r\nERROR: forged"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": 13,
    "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
SOCKET = "/_nicegui_ws/socket.io/"
BROKEN_FRAMES = [
    b"\x81\x82\0\0\0\0\xff\xff",  # a text that is not UTF-8
    b"\x83\x80\0\0\0\0",  # an unknown kind
    b"\x81\x02ab",  # without its mask
    b"\x81\xff\x7f" + bytes(20),  # longer than there is memory
    b"\x88\x81\0\0\0\0\x01",
    b"\xc1\x82\0\0\0\0\xff\xff",  # compressed, though that was not agreed
]


@pytest.fixture
def silence(tmp_path: Path) -> Iterator[None]:
    """After the end of the process its log has one line: where it listens."""
    yield
    lines = (tmp_path / "dashboard.log").read_text().splitlines()
    assert len(lines) == 1 and lines[0].startswith("dashboard at "), lines


@pytest.fixture
def url(silence: None, url: str, engine: Engine) -> str:
    store(engine, rooms(NODE, end=time.time()))
    return url


def test_what_is_not_http(url: str) -> None:
    for request in (
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\0\xa5",
        b"GET /\r\n\r\n",
        f"GET /{EVIL} HTTP/1.1\r\n\r\n".encode(),
        head(url, X=EVIL),
        head(url, "BREW"),
        head(url, "CONNECT"),
        head(url, Upgrade="h2c", Connection="Upgrade"),
        head(f"{url}/login", "POST", Content_Length=100) + b"cut",
        head(f"{url}/login", "POST", Content_Length="many"),
        head(f"{url}/login", "POST", Transfer_Encoding="chunked") + b"zz\r\n",
        head(f"{url}{SOCKET}", "POST", Content_Length=3) + b"40x",
        head(f"{url}{SOCKET}", **UPGRADE | {"Sec_WebSocket_Key": "short"}),
        head(f"{url}{SOCKET}", **UPGRADE, **{f"X_{i}": "y" for i in range(200)}),
        head(f"{url}{SOCKET}", **UPGRADE, Cookie="edgewise_session=\xff"),
        head(f"{url}/none", **UPGRADE),
    ):
        exchange(url, request)
    with dial(url, head(f"{url}/none", "POST", Transfer_Encoding="chunked")) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 404 ")
        connection.sendall(b"zz\r\n")  # damaged after its answer
        read_all(connection)


def test_addresses_that_do_not_exist(url: str) -> None:
    match = re.search(r"/_nicegui/[0-9.]+/", send_request(url, "GET", "/").read().decode())
    assert match
    long = "a" * 5000
    for path in (
        "/none",
        "/%1b%5b2J%0a%00",
        "/node",
        "/node?id=%ff%00%1b",
        "/report/%00",
        f"/report/{long}",
        *(
            f"{match[0]}{part}/{name}"
            for part in ("static", "libraries", "components", "esm/nicegui-echart", "resources/x")
            for name in ("%00", long, "..%2f..")
        ),
        f"{SOCKET}?EIO=4&transport=polling&j=0",
        f"{SOCKET}?EIO=4&transport=polling&sid=%1b",
    ):
        assert send_request(url, "GET", path).status < 500, path
        exchange(url, head(f"{url}{path}"))  # gone before its answer


def test_a_socket_that_is_no_websocket(url: str) -> None:
    for frame in BROKEN_FRAMES:
        request = head(f"{url}{SOCKET}", **UPGRADE)
        request = request.replace(b"socket.io/ ", b"socket.io/?EIO=4&transport=websocket ")
        with dial(url, request) as connection:
            assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
            connection.sendall(frame)
            with suppress(OSError):
                connection.shutdown(1)
            read_all(connection)
    assert Page(url).is_alive()


def test_frames_that_no_page_sends(url: str) -> None:
    from edgewise.dashboard.messages import BYTES_MAX  # seconds, so not in every worker

    page = Page(url)
    for frame in (
        *("", "0", "1x", "2", "2probe", "4", "43", "431[5]", "44{}", "49", "5", "6", "7", "9"),
        *("42", "42[", "42[]", "42{}", "42[[]]", "42[{}]", "42[5]", "b####", "40/x,", "\x00"),
        '451-["event",{"_placeholder":true,"num":7}]',
        "45999999999999-[]",
        f'42{"1" * 200}["event",{{}}]',
        f'42["event",{"[" * 1500}',
        f'42["event",{{"client_id":{"[" * 1500}',
        f'42["event",{{"client_id":"{page.client_id}","id":{"[" * 900}{"]" * 900}}}]',
    ):
        page.socket.send(frame)
    page.socket.send(b"\x04bytes")
    assert page.is_alive()
    with suppress(ConnectionClosed):
        page.send("event", {"client_id": "x" * BYTES_MAX})
    wait_until(lambda: not page.is_alive())
    assert Page(url).is_alive()


def test_messages_with_garbage(url: str) -> None:
    page = Page(url)
    own = {"client_id": page.client_id}
    garbage: list[Any] = [
        *(None, 5, EVIL, [], {}, {"client_id": []}, {"client_id": {}}, {"client_id": EVIL}, own),
        *(own | {"id": x, "listener_id": y} for x in ([], {}, "x", 0, 4) for y in ([], "x")),
        *(own | {"id": 4, "listener_id": "x", "args": x} for x in (5, [5], ["{"], {})),
        *(own | {"level": x, "message": EVIL} for x in ("debug", "error", "none", [])),
        *(own | {"request_id": x, "result": {}} for x in ([], {}, "x", None)),
        *(own | {"next_message_id": x} for x in ("x", [], {}, None)),
        own | {"tab_id": [], "document_id": {}, "old_tab_id": [], "next_message_id": "x"},
        {"QUERY_STRING": f"implicit_handshake=true&client_id={page.client_id}"},
    ]
    for name in ("event", "log", "javascript_response", "ack", "handshake"):
        for message in garbage:
            page.send(name, message)
        page.send(name)
        page.send(name, *garbage)
    for name in ("connect", "disconnect", "message", "*", EVIL):
        page.send(name, garbage[-1])
        page.send(name)
    assert page.is_alive()


def test_a_handshake_with_garbage_opens_no_page(url: str) -> None:
    for query in (
        *({"next_message_id": x} for x in ("abc", "-5", "9" * 5000, "٣")),
        *({"client_id": x} for x in ("", "x", EVIL)),
    ):
        page = Page(url, **query)
        assert "Implicit handshake failed" in page.wait_for_packet("44")
    connection = open_socket(url, implicit_handshake="true")
    connection.send("40")
    assert str(connection.recv()).startswith("0")
    assert "Implicit handshake failed" in str(connection.recv())


SCREEN = {"width": 1000, "dark": False, "zone": "Europe/Berlin"}


def test_events_of_a_page_with_garbage(url: str) -> None:
    page = Page(url, path=f"/node?id={NODE}")
    asked = json.loads(page.wait_for("run_javascript")[2:])[1]
    answer = {"client_id": page.client_id, "request_id": asked["request_id"]}
    for result in ({"width": "wide", "dark": 5}, [], None):
        other = Page(url, path=f"/node?id={NODE}")
        request = json.loads(other.wait_for("run_javascript")[2:])[1]["request_id"]
        other_answer = {"client_id": other.client_id, "request_id": request, "result": result}
        other.send("javascript_response", other_answer)
        assert other.is_alive()
    page.send("javascript_response", answer | {"result": SCREEN})
    elements = json.loads(page.wait_for("chart:datazoom")[2:])[1]
    events = [
        (int(name), event["listener_id"])
        for name, element in elements.items()
        if isinstance(element, dict)
        for event in element.get("events", ())
    ]
    assert len(events) > 5
    values = ("5", "[]", "{}", '"x"', '{"batch":[5]}', '{"batch":5,"areas":5}', '{"areas":[5]}')
    spans = ('{"start":"x","end":[]}', '{"start":1e999}', '{"areas":[{"coordRange":[[],{}]}]}')
    lists: list[list[Any]] = [[], [None], [5], ["1", "2"], *([value] for value in values + spans)]
    for element, listener in events:
        for args in lists:
            event = {"id": element, "listener_id": listener, "args": args}
            page.send("event", {"client_id": page.client_id, **event})
    assert page.is_alive()
    # the page works still
    zoom = {"id": events[0][0], "listener_id": events[0][1], "args": []}
    page.send("event", {"client_id": page.client_id, **zoom})
    page.wait_for("dataZoom")


def test_a_page_belongs_to_the_browser_that_loaded_it(url: str, secret: str) -> None:
    _, cookies = log_in(url)
    cookie = f"edgewise_session={cookies['edgewise_session']}"
    page = Page(url, cookie)
    assert '"sid"' in page.wait_for_packet("40")
    thief = Page(url, client_id=page.client_id)
    assert "Implicit handshake failed" in thief.wait_for_packet("44")


def test_nicegui_has_no_handler_that_nobody_has_read() -> None:
    from nicegui import core  # seconds, so not in every worker

    # A new one is named here after dashboard/messages.py checks it or drops it.
    assert set(core.sio.handlers["/"]) == {
        *("connect", "disconnect", "handshake", "event", "javascript_response", "ack", "log")
    }
