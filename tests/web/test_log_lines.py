"""A line of a server's log is one line without control characters, and is not repeated."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from edgewise.web import log_lines

EVIL = "a\x1b[2J\r\nERROR: forged\u202e"


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before = list(root.handlers)
    log_lines()
    log_lines()
    yield logging.getLogger("other")
    root.handlers = before


def fail() -> None:
    raise ValueError(EVIL)


def test_a_record_is_one_line(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log.error("%s", EVIL)
    assert capsys.readouterr().err == "other: a\\x1b[2J\\r\\nERROR: forged\\u202e\n"
    log.error("x" * 100_000)
    assert len(capsys.readouterr().err) < 1000


def test_an_error_is_one_line_with_its_places(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(100):
        try:
            fail()
        except ValueError:
            log.exception("no luck")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("other: no luck: ValueError: a\\x1b[2J\\r\\nERROR: forged\\u202e (")
    assert line.count("test_log_lines.py:") == 2
