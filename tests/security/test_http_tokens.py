"""A node that was taken over sends readings as another node over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, select
from tests.broker.mosquitto import free_port
from tests.cli.test_cli import check_refusal
from tests.collector.test_collector import state
from tests.collector.test_http import post, readings
from tests.command import edgewise
from tests.forked import Forked
from tests.shared import LIMIT_S

from edgewise.collector.tokens import read_tokens
from edgewise.database.schema import metadata, reading

A, B, NEW_B, GATEWAY, ALL = (f"{name}-0123456789-secret" for name in ("a", "b", "n", "g", "all"))
FILE = f"""
# tokens of the lab
 attic:{A}
barn: {B}\r
barn:{NEW_B}
attic:{GATEWAY}
barn:{GATEWAY}
node:with:colons:{A}

*:{ALL}
"""


def write_tokens(folder: Path, text: str | bytes) -> Path:
    path = folder / "tokens"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


class Inlet:
    """``edgewise collect --http``; ``text`` is its file of tokens."""

    def __init__(self, db: str, folder: Path, text: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}/readings"
        options = ("--http", urlsplit(self.url).netloc)
        file = write_tokens(folder, text)
        self._process = Forked("collect", *options, "--token-file", str(file), "--db", db)
        self._db = db
        line = self._process.stderr.readline()
        assert "collecting from" in line, line

    def send(self, *lines: str, **fields: Any) -> int:
        """The status of a POST with these lines as its head; ``fields`` are those of its body."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=LIMIT_S)
        body = json.dumps({"node": "barn", "readings": [json.loads(state(1))], **fields})
        connection.putrequest("POST", "/readings")
        connection.putheader("Content-Length", str(len(body)))
        for line in lines:
            connection.putheader(*line.split(": ", 1))
        connection.endheaders(body.encode())
        status = connection.getresponse().status
        connection.close()
        return status

    def nodes(self) -> list[str]:
        """The node of each reading that is stored."""
        engine = create_engine(self._db)
        with engine.connect() as connection:
            names = list(connection.scalars(select(reading.c.node).order_by(reading.c.node)))
        engine.dispose()
        return names

    def stop(self) -> str:
        """End it; what it has said."""
        self._process.terminate()
        said = self._process.communicate(timeout=LIMIT_S)[1]
        assert self._process.returncode == 0, said
        return str(said)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def inlet(db: str, tmp_path: Path) -> Iterator[Inlet]:
    inlet = Inlet(db, tmp_path, FILE)
    yield inlet
    inlet.kill()


def body(node: object, **fields: object) -> bytes:
    return json.dumps({"node": node, "readings": [json.loads(state(1))], **fields}).encode()


def test_a_token_sends_for_its_nodes_only(inlet: Inlet) -> None:
    for node in (
        *("barn", "*", "", "Attic", "attic ", " attic", "attic\0", "attic/", "attic/replay"),
        *("attic/../barn", "../barn/x", "+", "#", "att\u200bic", "\uff41ttic", "\ud800", "attic:"),
        *("node:with", "node", "attic\n", "attic,barn"),
    ):
        status, answer = post(inlet.url, body(node), A)
        assert (status, answer) == (403, {"ok": False, "error": "the token is of another node"})
    twice = b'{"node": "attic", ' + body("barn")[1:]
    assert post(inlet.url, twice, A)[0] == 403
    assert post(inlet.url, body("barn", readings=[]), A)[0] == 403
    for malformed in (
        body(["attic", "barn"]),
        body({"attic": "barn"}),
        body(None),
        body("attic", nodes=["barn"]),
        body("attic", event="x"),
        b"[" + body("attic") + b"," + body("barn") + b"]",
        body("attic", readings=[json.loads(state(1)), json.loads(state(2, node="barn"))]),
        body("attic") + body("barn"),
    ):
        assert post(inlet.url, malformed, A)[0] == 400, malformed
    assert inlet.nodes() == []
    engine = create_engine(inlet._db)
    with engine.connect() as connection:
        tables = {name: connection.execute(select(t)).all() for name, t in metadata.tables.items()}
    engine.dispose()
    assert [row.name for row in tables.pop("service")] == ["collect"]  # what it says of itself
    assert not any(tables.values()), tables
    assert post(inlet.url, body("attic"), A)[0] == 200
    assert inlet.nodes() == ["attic"]
    said = inlet.stop()
    assert "secret" not in said and said.splitlines()[-1].startswith("1 readings")


def test_who_has_which_rights(inlet: Inlet) -> None:
    rights = {
        A: {"attic", "node:with:colons"},
        B: {"barn"},
        NEW_B: {"barn"},  # while it replaces the old one
        GATEWAY: {"attic", "barn"},
        ALL: {"attic", "barn", "cellar", "node:with:colons"},
    }
    for token, allowed in rights.items():
        for node in ("attic", "barn", "cellar", "node:with:colons"):
            status = post(inlet.url, readings(1, node=node), token)[0]
            assert status == (200 if node in allowed else 403), (token, node)
    assert inlet.nodes() == ["attic", "barn", "cellar", "node:with:colons"]


def test_what_is_no_token(inlet: Inlet) -> None:
    for header in (
        "X: no token at all",
        *(f"Authorization: {text}" for text in ("", "Bearer", "Bearer *", f"Basic {B}", B)),
        *(f"Authorization: Bearer {text}" for text in (B[:-1], f"{B}x", f"barn:{B}", f"*:{ALL}")),
        f"Authorization: Bearer {A},{B}",
        f"Authorization: bearer {B}\u00ff",
        f"Cookie: token={B}",
    ):
        assert inlet.send(header) == 401, header
    # the first header counts
    assert inlet.send(f"Authorization: Bearer {A}", f"Authorization: Bearer {B}") == 403
    assert post(f"{inlet.url}?token={ALL}&node=attic", body("barn"), A)[0] == 403
    assert inlet.nodes() == []


def test_each_request_of_a_connection_needs_its_token(inlet: Inlet) -> None:
    connection = http.client.HTTPConnection(urlsplit(inlet.url).netloc, timeout=LIMIT_S)
    answers = []
    for token, node in ((B, "barn"), (A, "barn"), ("", "barn"), (A, "attic")):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("POST", "/readings", body(node), headers)
        response = connection.getresponse()
        answers.append(response.status)
        response.read()
    connection.close()
    assert answers == [200, 403, 401, 200]
    assert inlet.nodes() == ["attic", "barn"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"attic:{A}\n\n  {B}\n", ":3: no node before the token"),
        (f":{A}", ":1: no node before the token"),
        (f"attic:{A}\n{B}:barn", ":2: a token has 16 or more"),
        ("attic:secret", ":1: a token has 16 or more"),
        (f"attic:{A} # mine", ":1: a token has 16 or more"),
        (f"attic:{A}\u00e9", ":1: a token has 16 or more"),
        (f"attic = {A}", ":1: no node before the token: write NODE:TOKEN, or *:TOKEN for all"),
        (f"lab/attic:{A}", ":1: a node's name has no /, + or #"),
        (f"+:{A}", ":1: a node's name has no /, + or #"),
        (f"at\x1btic:{A}", ":1: a node's name has no /, + or #"),
        ("", ": no token: write NODE:TOKEN"),
        ("# secret\n\n", ": no token: write NODE:TOKEN"),
        (b"attic:secret\xff", "cannot be read (not UTF-8): check the path"),
        (1_100_000 * b"secret", "1048576 bytes are the most: check the path"),
    ],
)
def test_errors_in_the_file_name_their_line_and_no_token(
    text: str | bytes, message: str, tmp_path: Path, db: str
) -> None:
    file = write_tokens(tmp_path, text)
    words = ("--http", "127.0.0.1:1", "--token-file", file, "--db", db)
    line = check_refusal(edgewise("collect", *words))
    assert f"{file}{message}" in line or f"{file}: {message}" in line
    assert "secret" not in line
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize("mode", [0o640, 0o604, None])
def test_a_file_that_others_can_read_or_that_is_not_there(
    mode: int | None, tmp_path: Path, db: str
) -> None:
    file = write_tokens(tmp_path, FILE)
    file.unlink() if mode is None else file.chmod(mode)
    words = ("--http", "127.0.0.1:1", "--token-file", file, "--db", db)
    line = check_refusal(edgewise("collect", *words))
    assert (f"{file}: others can read it: run: chmod 600 {file}" in line) == (mode is not None)
    assert ("No such file" in line) == (mode is None)


@pytest.mark.parametrize("text", [A, f"# of the lab\n{A}\n", f"\ufeff{A}\r\n"])
def test_one_token_without_a_node_is_for_all_and_that_is_said(
    text: str, tmp_path: Path, db: str
) -> None:
    lines: list[str] = []
    tokens = read_tokens(write_tokens(tmp_path, text), lines.append)
    assert tokens.nodes_of(f"Bearer {A}") == {"*"}
    (line,) = lines
    assert "names no node and may send for all" in line and A not in line
