"""Progress on stderr: a line that is rewritten on a terminal, a line now and then in a pipe."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import pytest
from tests.shared import wait_until

from edgewise import console

CODE = """
from edgewise.console import progress_bar
with progress_bar("searching") as step:
    for done in range(4):
        step(done, 12)
        {wait}
print("result")
"""


def test_a_pipe_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_LINE_S", 0.01)
    said: list[str] = []
    monkeypatch.setattr(console, "say", said.append)
    with console.progress_bar("searching") as step:
        wait_until(lambda: "searching: 0 s" in said)  # nothing is counted yet
        step(3, 1200)
        wait_until(lambda: "searching: 3 of 1,200, 0 s" in said)
    n = len(said)
    time.sleep(0.05)
    assert said[0] == "searching ..." and len(said) == n
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_line_that_is_rewritten() -> None:
    reader, terminal = pty.openpty()
    code = CODE.format(wait="__import__('time').sleep(0.2)")
    result = subprocess.run(
        [sys.executable, "-c", code],
        stderr=terminal,
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(terminal)
    shown = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert result.stdout == b"result\n"
    assert "searching" in shown and "3/12" in shown
    assert "\r\x1b[2K" in shown  # back to the begin of the line, which is deleted
    assert shown.count("\n") <= 1
