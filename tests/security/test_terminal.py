"""What others write reaches no terminal as a control sequence, and no password is shown."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.command import edgewise
from tests.dashboard.past import rooms, store

from edgewise.console import printable

CLEAR = "\x1b[2J"
SECRET = "hush"


def test_control_characters_become_escapes() -> None:
    assert printable(f"a{CLEAR}b\x9b0m\r\u202e") == "a\\x1b[2Jb\\x9b0m\\r\\u202e"
    assert printable("21.5 °C, Küche, 台所") == "21.5 °C, Küche, 台所"


def test_a_node_with_a_hostile_name_is_text(db: str, engine: Engine) -> None:
    store(engine, rooms(f"n{CLEAR}", end=time.time()))
    # a table, and an error: half a day is too little for a forecast
    for command, code in (("health", 0), ("forecast", 2)):
        result = edgewise(command, "--db", db)
        assert result.returncode == code, result.stderr
        assert "\x1b" not in result.stdout + result.stderr
        assert r"n\x1b[2J" in result.stderr


def test_an_error_with_a_hostile_name_is_text(tmp_path: Path) -> None:
    result = edgewise("inspect", tmp_path / f"none{CLEAR}")
    assert result.returncode == 2
    assert r"none\x1b[2J" in result.stderr and "\x1b" not in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"mqtt://user:{SECRET}",
        f"mqtt://user:{SECRET}#1@host",
        f"mqtt://user:1/{SECRET}@host",
        f"mqtt://user:{SECRET}@host:port",
        f"user:{SECRET}@host",
        f"user:{SECRET}",
        f"http://user:{SECRET}@host",
        f"mqtt://[user:{SECRET}@host",
    ],
)
@pytest.mark.parametrize("option", ["--broker", "--db"])
def test_an_address_that_cannot_be_read_shows_no_password(
    option: str, url: str, tmp_path: Path
) -> None:
    arguments = {"--broker": "mqtt://127.0.0.1:1", "--db": "sqlite:///a.db"} | {option: url}
    words = [word for pair in arguments.items() for word in pair]
    result = edgewise("collect", *words, "--json", cwd=tmp_path)
    assert result.returncode == 2
    assert "is not an address" in result.stderr
    assert SECRET not in result.stderr + json.dumps(result.stdout)
