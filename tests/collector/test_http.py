"""POST /readings: stored before it is answered, refused whole, never crashed."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from tests.broker.mosquitto import free_port
from tests.collector.test_collector import state
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Writer, http, posts
from edgewise.collector.http import HttpInput
from edgewise.collector.tokens import ALL_NODES, Tokens
from edgewise.database import open_db
from edgewise.database.schema import diag, events, reading, status
from edgewise.errors import InputError, OutsideError

TOKEN = "0123456789abcdef"
TOKENS = Tokens([(ALL_NODES, TOKEN)])


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_db(f"sqlite:///{tmp_path / 'a.db'}")


@pytest.fixture
def http_input(engine: Engine) -> Iterator[HttpInput]:
    with (
        Writer(engine) as writer,
        HttpInput(f"127.0.0.1:{free_port()}", TOKENS, writer) as http_input,
    ):
        yield http_input


def post(url: str, body: bytes, token: str = TOKEN) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


def readings(*seqs: int, node: str = "n1", **fields: Any) -> bytes:
    messages = [json.loads(state(seq, **fields)) for seq in seqs]
    return json.dumps({"node": node, "readings": messages}).encode()


def count_rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(reading)).scalar_one())


def test_stored_when_answered_and_once(http_input: HttpInput, engine: Engine) -> None:
    code, reply = post(http_input.url, readings(*range(500)))
    assert (code, reply["readings"], count_rows(engine)) == (200, 500, 500)
    assert post(http_input.url, readings(*range(400, 600)))[0] == 200
    assert count_rows(engine) == 600


def test_another_token(http_input: HttpInput, engine: Engine) -> None:
    for token in ("", "0123456789abcdeg", TOKEN + "x"):
        assert post(http_input.url, readings(1), token)[0] == 401
    assert count_rows(engine) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"node": "n1"}',
        b'{"node": 1, "readings": []}',
        b'{"node": "n1", "readings": {}}',
        b'{"node": "n1", "readings": [7]}',
        readings(1, node="a/b"),
        readings(1, node=""),
        readings(1, node="a+b"),
        readings(1, node="#"),
        readings(1, node="a\0b"),
        readings(1, node="\ud800"),
        readings(1, t=500),
        readings(1).replace(b"21.5", b"NaN"),
        readings(1, ts=-1),
        readings(1, ts=2**40),
        readings(1, node="a\0"),
        readings(1, node="a\ud800"),
        readings(1, cls="\ud800"),
        readings(1, **{"\ud800": 1}),
        readings(1).replace(b"21.5", b"9" * 5000),
        *(b'{"node":"n","readings":[' + b"[" * n + b"]" * n + b"]}" for n in (7, 900, 990)),
        readings(1, extra="x" * 600),
        readings(1, **{"\ud800": 1}),
        b'{"node": "n1", "readings": [' + state(1).encode() + b', {"boot": 1}]}',
    ],
)
def test_what_is_wrong_is_refused_whole(
    http_input: HttpInput, engine: Engine, body: bytes
) -> None:
    code, reply = post(http_input.url, body)
    assert (code, reply["ok"]) == (400, False)
    assert reply["error"]
    assert count_rows(engine) == 0
    assert http_input._writer.counts.rejected == 1
    assert post(http_input.url, readings(1))[0] == 200


def test_too_much(http_input: HttpInput, engine: Engine) -> None:
    assert post(http_input.url, b" " * (1 << 20) + readings(1))[0] == 413
    assert count_rows(engine) == 0


def post_message(http_input: HttpInput, path: str, body: bytes, token: str = TOKEN) -> int:
    url = http_input.url.removesuffix("/readings") + path
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
            assert response.read() == b""
            return int(response.status)
    except urllib.error.HTTPError as e:
        return e.code


def test_what_a_node_sends_is_stored_as_by_mqtt(http_input: HttpInput, engine: Engine) -> None:
    replay = f"[{state(2)},{state(3)}]".encode()
    event = b'{"ts":null,"boot":1,"seq":0,"event":"reset","life":"0a0b0c0d"}'
    for kind, body in (
        ("status", b"online"),
        ("state", state(1).encode()),
        ("replay", replay),
        ("replay", replay),
        ("event", event),
        ("event", event),
        ("diag", b'{"ts":null,"boot":1,"heap":70000}'),
    ):
        assert post_message(http_input, f"/nodes/n1/{kind}", body) == 204, kind
    assert count_rows(engine) == 3
    with engine.connect() as connection:
        for table in (status, events, diag):
            query = select(func.count()).select_from(table).where(table.c.node == "n1")
            assert connection.execute(query).scalar_one() == 1, table.name
    expected = (3, 2, 0)  # counted after the answer
    assert http_input._writer.wait_for(
        lambda c: (c.readings, c.duplicates, c.rejected) == expected, LIMIT_S
    )


def test_a_malformed_message_of_a_node_is_kept_aside(
    http_input: HttpInput, engine: Engine
) -> None:
    # as by MQTT: a node that got an error would send it for ever, and nothing after it
    mixed = f'[{state(1)},{{"boot":1}},{state(2)}]'.encode()
    for kind, body in (("replay", mixed), ("state", b"\xff"), ("event", b"x" * 5000)):
        assert post_message(http_input, f"/nodes/n1/{kind}", body) == 204
    assert count_rows(engine) == 2
    assert http_input._writer.wait_for(lambda c: c.rejected == 3, LIMIT_S)


def test_an_answer_has_the_number_of_its_request(http_input: HttpInput) -> None:
    url = http_input.url.removesuffix("/readings") + "/nodes/n1/state"
    for number, echo in (
        ("7", "7"),
        ("65535", "65535"),
        ("123456", None),
        ("x", None),
        ("", None),
    ):
        headers = {"Authorization": f"Bearer {TOKEN}", "Edgewise-Number": number}
        request = urllib.request.Request(url, state(1).encode(), headers)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as response:
            assert (response.status, response.headers["Edgewise-Number"]) == (204, echo)


def test_whose_message_it_is(engine: Engine) -> None:
    tokens = Tokens([("n1", TOKEN), (ALL_NODES, TOKEN + "all")])
    with Writer(engine) as writer, HttpInput(f"127.0.0.1:{free_port()}", tokens, writer) as own:
        body = state(1).encode()
        for path, token, code in (
            ("/nodes/n1/state", TOKEN, 204),
            ("/nodes/n2/state", TOKEN, 403),
            ("/nodes/n2/state", TOKEN + "all", 204),
            ("/nodes/n2/state", TOKEN + "no", 401),
            ("/nodes/a%2Fb/state", TOKEN + "all", 404),
            ("/nodes/a%2Bb/state", TOKEN + "all", 400),
            ("/nodes/n1/cmd", TOKEN, 404),
            ("/nodes/n1/model/result", TOKEN, 404),
            ("/nodes//state", TOKEN + "all", 404),
        ):
            assert post_message(own, path, body, token) == code, path
    assert count_rows(engine) == 2


def begin_post(url: str, length: int) -> socket.socket:
    """A POST whose body has not come yet."""
    host, port = url.removeprefix("http://").removesuffix("/readings").split(":")
    head = (
        f"POST /readings HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    connection = socket.create_connection((host, int(port)), LIMIT_S)
    connection.sendall(head.encode())
    return connection


def test_clients_that_dawdle_or_leave(
    http_input: HttpInput, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with begin_post(http_input.url, 100) as client:
        client.sendall(b"{")
    clients = [begin_post(http_input.url, 100) for _ in range(20)]
    assert post(http_input.url, readings(1))[0] == 200
    monkeypatch.setattr(http, "_BODY_S", 0.1)
    with begin_post(http_input.url, 100) as slow_client:
        assert slow_client.recv(1024).startswith(b"HTTP/1.1 408 ")
    http_input._server.config.timeout_graceful_shutdown = 1
    http_input.__exit__()
    assert capfd.readouterr().err == ""
    for client in clients:
        client.close()


def test_a_database_that_is_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "_STORED_S", 0.1)
    writer = Writer(engine)  # which does not begin to write
    with HttpInput(f"127.0.0.1:{free_port()}", TOKENS, writer) as own_input:
        statuses = [
            post(own_input.url, readings(*range(n, n + 2000)))[0] for n in range(0, 40000, 2000)
        ]
        assert statuses == [503] * 20
        with writer:
            assert writer.wait_for(lambda c: c.readings >= 1000, LIMIT_S)
            wait_until(lambda: post(own_input.url, readings(1))[0] == 200)
    assert count_rows(engine) == writer.counts.readings


def test_who_waits_at_the_end_is_answered(engine: Engine) -> None:
    writer = Writer(engine)  # which does not begin to write
    with ThreadPoolExecutor(1) as pool:
        with HttpInput(f"127.0.0.1:{free_port()}", TOKENS, writer) as own_input:
            own_input._server.config.timeout_graceful_shutdown = 1
            future = pool.submit(post, own_input.url, readings(1))
            wait_until(lambda: not writer._queue.empty())
        assert future.result(LIMIT_S)[0] == 503


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_addresses(engine: Engine, host: str) -> None:
    with Writer(engine) as writer, HttpInput(f"{host}:{free_port()}", TOKENS, writer) as own_input:
        assert post(own_input.url, readings(1))[0] == 200


def test_addresses_that_cannot_be(http_input: HttpInput) -> None:
    with pytest.raises(InputError, match="write HOST:PORT"):
        HttpInput("8081", TOKENS, http_input._writer)
    address = http_input.url.removeprefix("http://").removesuffix("/readings")
    with pytest.raises(OutsideError, match="take another host or port"):
        HttpInput(address, TOKENS, http_input._writer)
