"""CoAP posts: stored before they are answered, in blocks, once; strangers get nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiocoap
import pytest
from aiocoap.numbers import codes
from aiocoap.optiontypes import BlockOption
from sqlalchemy import Engine, func, select
from tests.broker.mosquitto import free_port
from tests.collector.test_collector import state
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Writer, coap, posts
from edgewise.collector.coap import CoapInput
from edgewise.collector.tokens import ALL_NODES, Tokens
from edgewise.database import open_db
from edgewise.database.schema import diag, events, reading, status
from edgewise.errors import InputError, OutsideError

TOKEN = "0123456789abcdef"
TOKENS = Tokens([("n1", TOKEN), (ALL_NODES, TOKEN + "all")])


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_db(f"sqlite:///{tmp_path / 'a.db'}")


@pytest.fixture
def coap_input(engine: Engine) -> Iterator[CoapInput]:
    with Writer(engine) as writer, CoapInput(f"127.0.0.1:{free_port()}", TOKENS, writer) as own:
        yield own


def ask(url: str, *messages: dict[str, Any]) -> list[str]:
    """The code of each answer, one message after the other, from one port."""

    async def main() -> list[str]:
        context = await aiocoap.Context.create_client_context(transports=["udp6"])
        try:
            answers = []
            for given in messages:
                path, values = given["path"], {k: v for k, v in given.items() if k != "path"}
                message = aiocoap.Message(code=codes.POST, uri=url + path)
                for key, value in values.items():
                    target = message if hasattr(message, key) else message.opt
                    setattr(target, key, value)
                request = context.request(message, handle_blockwise="block1" not in given)
                answer = await asyncio.wait_for(request.response, LIMIT_S)
                answers.append(answer.code.dotted)
            return answers
        finally:
            await context.shutdown()

    return asyncio.run(main())


def post(own: CoapInput, path: str, payload: bytes, token: str = TOKEN) -> str:
    return ask(own.url, {"path": f"{path}?token={token}", "payload": payload})[0]


def count_rows(engine: Engine, table: Any = reading) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def is_counted(own: CoapInput, *expected: int) -> bool:
    """Readings, duplicates, rejected: they are counted after the answer."""
    return own._site._writer.wait_for(
        lambda c: (c.readings, c.duplicates, c.rejected) == expected, LIMIT_S
    )


def test_what_a_node_sends_is_stored_as_by_mqtt(coap_input: CoapInput, engine: Engine) -> None:
    replay = f"[{','.join(state(n) for n in range(2, 20))}]".encode()
    assert 1024 < len(replay) < 4096  # three blocks, which aiocoap makes by itself
    for kind, body in (
        ("status", b"online"),
        ("state", state(1).encode()),
        ("replay", replay),
        ("replay", replay),
        ("event", b'{"ts":null,"boot":1,"seq":0,"event":"reset","life":"0a0b0c0d"}'),
        ("diag", b'{"ts":null,"boot":1,"heap":70000}'),
    ):
        assert post(coap_input, f"/nodes/n1/{kind}", body) == "2.04", kind
    assert [count_rows(engine, t) for t in (reading, status, events, diag)] == [19, 1, 1, 1]
    assert is_counted(coap_input, 19, 18, 0)


def test_a_malformed_message_of_a_node_is_kept_aside(
    coap_input: CoapInput, engine: Engine
) -> None:
    mixed = f'[{state(1)},{{"boot":1}},{state(2)}]'.encode()
    for kind, body in (("replay", mixed), ("state", b"\xff"), ("event", b"")):
        assert post(coap_input, f"/nodes/n1/{kind}", body) == "2.04"
    assert count_rows(engine) == 2
    assert is_counted(coap_input, 2, 0, 3)


@pytest.mark.parametrize(
    ("path", "token", "code"),
    [
        ("/nodes/n2/state", TOKEN, "4.03"),
        ("/nodes/n2/state", TOKEN + "no", "4.01"),
        ("/nodes/n1/state", "", "4.01"),
        ("/nodes/n1/state", f"{TOKEN}&token={TOKEN}all", "4.01"),
        ("/nodes/n1/cmd", TOKEN, "4.04"),
        ("/nodes/n1/model/result", TOKEN, "4.04"),
        ("/nodes/a%2Bb/state", TOKEN + "all", "4.00"),
        ("/nodes", TOKEN, "4.04"),
        ("/.well-known/core", TOKEN, "4.04"),
    ],
)
def test_whose_message_it_is(
    coap_input: CoapInput, engine: Engine, path: str, token: str, code: str
) -> None:
    assert post(coap_input, path, state(1).encode(), token) == code
    assert post(coap_input, "/nodes/n2/state", state(1).encode(), TOKEN + "all") == "2.04"
    assert count_rows(engine) == 1


def block(number: int, more: bool, size: int, payload: bytes) -> dict[str, Any]:
    value = BlockOption.BlockwiseTuple(number, more, size)
    path = f"/nodes/n1/replay?token={TOKEN}"
    return {"path": path, "block1": value, "payload": payload}


def test_blocks_that_do_not_fit_together(coap_input: CoapInput, engine: Engine) -> None:
    text = f"[{','.join(state(n) for n in range(9))}]".encode()
    size = 512
    one, two = block(0, True, 5, text[:size]), block(1, False, 5, text[size : 2 * size])
    assert len(text) < 2 * size
    # out of order, after an end, and again from the start
    assert ask(coap_input.url, two, one, two, two) == ["4.08", "2.31", "2.04", "4.08"]
    assert count_rows(engine) == 9
    short = block(0, True, 5, text[: size - 1])
    assert ask(coap_input.url, short, two) == ["4.00", "4.08"]
    # smaller ones from the second on, as a server may want them
    parts = [block(8 + i, i < 7, 2, text[size + 64 * i :][:64]) for i in range(8)]
    assert len(text) - size <= 8 * 64
    last = next(i for i in range(8) if len(text) <= size + 64 * (i + 1))
    parts = [*parts[:last], block(8 + last, False, 2, text[size + 64 * last :])]
    assert ask(coap_input.url, one, *parts)[-1] == "2.04"
    assert is_counted(coap_input, 9, 9, 0)
    endless = [block(n, True, 6, bytes(1024)) for n in range(5)]
    assert ask(coap_input.url, *endless) == ["2.31"] * 4 + ["4.13"]


def test_unfinished_messages_are_bounded(
    coap_input: CoapInput, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coap, "_UNFINISHED_MAX", 3)
    for _ in range(5):  # each from a port of its own
        assert ask(coap_input.url, block(0, True, 5, bytes(512))) == ["2.31"]
    assert len(coap_input._site._blocks._parts) == 3


def raw(coap_input: CoapInput) -> socket.socket:
    host, _, port = coap_input.url.removeprefix("coap://").rpartition(":")
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(LIMIT_S)
    client.connect((host, int(port)))
    return client


def datagram(mid: int, payload: bytes) -> bytes:
    path = b"\xb5nodes\x02n1\x05state\x4d\x09token=" + TOKEN.encode()
    return b"\x44\x02" + mid.to_bytes(2, "big") + b"tokn" + path + b"\xff" + payload


def test_the_same_datagram_again_is_the_same_message(
    coap_input: CoapInput, engine: Engine
) -> None:
    with raw(coap_input) as client:
        answers = set()
        for _ in range(3):
            client.send(datagram(7, state(1).encode()))
            answers.add(client.recv(100))
        assert answers == {b"\x64\x44\x00\x07tokn"}
        client.send(b"\x40\x00\x00\x09")  # a ping
        assert client.recv(100) == b"\x70\x00\x00\x09"
    assert is_counted(coap_input, 1, 0, 0)


def test_garbage_is_passed_over(coap_input: CoapInput, capfd: pytest.CaptureFixture[str]) -> None:
    with raw(coap_input) as client:
        for data in (b"", b"\x40", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, os.urandom(1400)):
            client.send(data)
        client.send(datagram(8, b"{")[:-20])  # a part of one
        client.send(datagram(9, state(1).encode()))
        while not client.recv(2000).startswith(b"\x64\x44\x00\x09"):
            pass
    assert capfd.readouterr().err == ""


def test_a_database_that_is_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "_STORED_S", 0.5)
    writer = Writer(engine)  # which does not begin to write
    with CoapInput(f"127.0.0.1:{free_port()}", TOKENS, writer) as own:
        # after an acknowledgement of its own
        assert post(own, "/nodes/n1/state", state(1).encode()) == "5.03"
        with writer:
            wait_until(lambda: post(own, "/nodes/n1/state", state(1).encode()) == "2.04")
    assert count_rows(engine) == 1


def test_addresses_that_cannot_be(coap_input: CoapInput) -> None:
    writer = coap_input._site._writer
    with pytest.raises(InputError, match="--coap 5683: write HOST:PORT"):
        CoapInput("5683", TOKENS, writer)
    address = coap_input.url.removeprefix("coap://")
    for taken in (address, "192.0.2.1:5683", "no.such.name.invalid:5683"):
        with pytest.raises(OutsideError, match=f"--coap {taken}: .*: take another host or port"):
            CoapInput(taken, TOKENS, writer).__enter__()
    assert post(coap_input, "/nodes/n1/state", state(1).encode()) == "2.04"


@pytest.mark.parametrize("host", ["0.0.0.0", "[::1]"])
def test_addresses(engine: Engine, host: str) -> None:
    port = free_port()
    near = host.replace("0.0.0.0", "127.0.0.1")
    with Writer(engine) as writer, CoapInput(f"{host}:{port}", TOKENS, writer):
        message = {"path": f"/nodes/n1/state?token={TOKEN}", "payload": state(1).encode()}
        assert ask(f"coap://{near}:{port}", message) == ["2.04"]
