"""monitor and record on a serial cable, with the words of a real node."""

from __future__ import annotations

import errno
import os
import pty
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from tests.board.cable import Cable
from tests.command import edgewise
from tests.messages.lines import HELLO, failed_state, state
from tests.shared import LIMIT_S, wait_until

from edgewise.board.serial.log_file import GrowingLog
from edgewise.board.serial.screen import NodeState
from edgewise.cli.monitor import _format as monitor_line
from edgewise.errors import InputError, OutsideError, unwritable
from edgewise.logs.log import read_log
from edgewise.messages.serial import decode

EDGEWISE = [sys.executable, "-m", "edgewise.cli.main"]


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path)
    yield cable
    cable.unplug()


class Command:
    """A command whose lines are read as they come."""

    def __init__(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(
            [*EDGEWISE, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.text = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 4096):
            self.text += data

    def wait_for(self, text: bytes, repeat: Callable[[], None] = lambda: None) -> None:
        """Until it has said ``text``; ``repeat`` says what is lost while the port is not open."""

        def has_text() -> bool:
            repeat()
            return text in self.text

        wait_until(has_text, lambda: self.text.decode(errors="replace"))

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(LIMIT_S)


def start_command(cable: Cable, *arguments: str, stdin: int = subprocess.DEVNULL) -> Command:
    """A command that has opened the cable: it has heard the greeting."""
    command = Command(*arguments, stdin=stdin)
    command.wait_for(b"a1b2c3", lambda: cable.offer(HELLO))
    return command


def test_the_table_says_what_was_heard() -> None:
    node = NodeState()
    for line in (HELLO, b"edgewise: mqtt: connected", state(1), failed_state(2), b"state {"):
        node.hear(decode(line.strip()))
    rows = dict(node.rows())
    assert rows["node"] == "a1b2c3, boot 7"
    assert rows["model"] == "occupancy, viper-inline"
    assert rows["reading"].startswith("failed: timeout")
    assert rows["readings"] == "2, 1 failed (1 timeout)"
    assert rows["link"] == "connected"
    assert rows["line"] == "open, 1 damaged"


def test_a_node_that_learns_says_how_far_it_is() -> None:
    node = NodeState()
    node.hear(decode(b'diag {"boot":1,"ts":null,"heap":9000}'))
    assert "usual here" not in dict(node.rows())
    for hours, days, words in (
        (0, 0, "learning, day 1 of 7: generic limits"),
        (24, 1, "learning, day 2 of 7: limits from 1 day here"),
        (168, 7, "learnt: limits from 7 days here"),
    ):
        line = f'diag {{"boot":1,"ts":null,"heap":9000,"learnt_h":{hours},"limits_d":{days}}}'
        message = decode(line.encode())
        node.hear(message)
        assert dict(node.rows())["usual here"] == words
        assert monitor_line(message) == f"diag: 9000 bytes free, {words}"


def test_a_node_with_outputs_says_what_they_do() -> None:
    node = NodeState()
    message = decode(b'diag {"boot":1,"ts":null,"heap":9000,"outputs":{"fan":"on","pump":"off"}}')
    node.hear(message)
    assert dict(node.rows())["outputs"] == "fan on, pump off"
    assert monitor_line(message) == "diag: 9000 bytes free, fan on, pump off"


def test_monitor_survives_garbage_reset_and_unplugging(cable: Cable, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    monitor = start_command(cable, "monitor", "--port", cable.port, "--csv", str(out))
    cable.say(b"\xff\xfe\x00ets Jul 29 2019\r\n\r\nrst:0x1\r\n" + HELLO + state(1) + state(2)[:30])
    monitor.wait_for(b"#1  21.5 C  40.0 %  a 90 %")
    cable.unplug()
    monitor.wait_for(b"port gone")
    cable.plug()
    monitor.wait_for(b"#3  ", lambda: cable.offer(state(3)))
    cable.say(failed_state(4))
    monitor.wait_for(b"#4  failed: timeout")
    assert monitor.interrupt() == 0
    rows = out.read_text().splitlines()
    assert rows[0] == "time,node,temperature,humidity,class"
    assert rows[1] == "2023-11-14T22:14:20Z,a1b2c3,21.5,40.0,a"
    assert rows[-1] == "2023-11-14T22:17:20Z,a1b2c3,,,"
    log = read_log(out)
    assert log.valid.tolist() == [True, True, False]


def test_monitor_passes_raw_bytes_on(cable: Cable) -> None:
    monitor = start_command(cable, "monitor", "--port", cable.port, "--raw")
    cable.say(b"\x00\xffraw\r\n")
    monitor.wait_for(b"\x00\xffraw\r\n")
    assert monitor.interrupt() == 0


def test_monitor_over_a_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monitor = Command("monitor", "--port", f"socket://127.0.0.1:{server.getsockname()[1]}")
        server.settimeout(LIMIT_S)
        board, _ = server.accept()
        with board:
            monitor.wait_for(b"#1  ", lambda: board.sendall(state(1)))
        monitor.wait_for(b"port gone")
        board, _ = server.accept()
        with board:
            monitor.wait_for(b"#2  ", lambda: board.sendall(state(2)))
            assert monitor.interrupt() == 0


def test_monitor_on_a_terminal_has_a_table(cable: Cable) -> None:
    pid, screen = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execv(EDGEWISE[0], [*EDGEWISE, "monitor", "--port", cable.port])
    text = b""

    def has_table() -> bool:
        nonlocal text
        cable.offer(HELLO + state(1))
        while select.select([screen], [], [], 0.1)[0]:
            text += os.read(screen, 65536)
        return b"edgewise monitor" in text and re.search(rb"21\.5 C\s+40\.0 %", text) is not None

    wait_until(has_table, lambda: text.decode(errors="replace"))
    os.write(screen, b"\x03")
    end_s = time.monotonic() + LIMIT_S
    while (wait_status := os.waitpid(pid, os.WNOHANG))[0] == 0:
        assert time.monotonic() < end_s
        if select.select([screen], [], [], 0.1)[0]:
            with suppress(OSError):
                os.read(screen, 65536)
    assert os.waitstatus_to_exitcode(wait_status[1]) == 0
    os.close(screen)


def test_a_port_that_is_not_there() -> None:
    result = edgewise("monitor", "--port", "/dev/no-such-port")
    assert result.returncode == 1
    assert result.stderr == (
        "error: port /dev/no-such-port: is not there: plug the board in, "
        "or see the names with --port auto\n"
    )


def test_record_and_its_keys(cable: Cable, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    keys, terminal = os.openpty()
    arguments = ("record", "--port", cable.port, "--label", "closed,open", "--out", str(out))
    record = Command(*arguments, "--undo-s", "60", stdin=terminal)
    record.wait_for(b"space pauses")
    record.wait_for(b"closed 1", lambda: cable.offer(state(1)))
    os.write(keys, b"2")
    record.wait_for(b"now open")
    cable.say(state(2) + failed_state(3) + state(4))
    record.wait_for(b"open 3")
    os.write(keys, b"u")
    record.wait_for(b"2 readings of the last 60 s taken back")
    os.write(keys, b" ")
    record.wait_for(b"paused")
    cable.say(state(5))
    record.wait_for(b"[paused]")
    os.write(keys, b"1")
    record.wait_for(b"now closed")
    cable.say(state(6))
    record.wait_for(b"closed 2, open 1")
    assert record.interrupt() == 0
    cells = [row.split(",") for row in out.read_text().splitlines()]
    assert cells[0] == ["time", "node", "temperature", "humidity", "status"]
    assert [c[-1] for c in cells[1:]] == ["closed", "open", "closed"]
    for end in (keys, terminal):
        os.close(end)


def test_record_goes_on_and_ends_by_itself(cable: Cable, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    out.write_text(
        "time,node,temperature,humidity,status\n2023-11-14T22:14:20Z,,20.0,40.0,a\n2023-"
    )
    arguments = ("record", "--port", cable.port, "--label", "b", "--out", str(out))
    record = Command(*arguments, "--readings", "2", "--json")
    seqs = count(2)
    record.wait_for(b'"readings": {"b": 2}', lambda: cable.offer(state(next(seqs))))
    assert record.process.wait(LIMIT_S) == 0
    labels = [row.rsplit(",", 1)[1] for row in out.read_text().splitlines()[1:]]
    assert labels == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "a"], "either --port or --broker and --node"),
        (["--label", "a,,b", "--port", "x"], "--label a,,b"),
        (["--label", "a,a", "--port", "x"], "--label a,a"),
        (["--label", "a", "--broker", "mqtt://localhost"], "--broker needs --node"),
        (
            ["--label", "a", "--broker", "mqtt://localhost", "--node", "#"],
            "--node '#': a name without",
        ),
    ],
)
def test_wrong_use_of_record(arguments: list[str], message: str, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    result = edgewise("record", *arguments, "--out", out)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not out.exists()


def test_a_file_of_somebody_else_stays_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "other.csv"
    head = "time,node,temperature,humidity,status"
    for text in ("a,b\n1,2", "no log at all", "\xff\xfe", f"{head}\nx,y,1,2,a\n", f"{head}\nx,y"):
        out.write_text(text, encoding="latin-1")
        before = out.read_bytes()
        result = edgewise("record", "--port", "x", "--label", "a", "--out", out)
        if text.endswith("x,y"):  # a row that was cut off; then the port is not there
            assert (result.returncode, out.read_text()) == (1, f"{head}\n")
        else:
            assert result.returncode == 2
            assert "is not a log with the columns" in result.stderr
            assert out.read_bytes() == before


def test_rows_keep_their_order(tmp_path: Path) -> None:
    with GrowingLog(tmp_path / "log.csv", "status") as log:
        assert log.add(100, "n", 20.0, 40.0, "a")
        assert not log.add(100, "n", 20.0, 40.0, "a")
        assert not log.add(99, "n", 20.0, 40.0, "a")
        assert log.add(99, "m", None, None, "a")
        assert log.undo(100) == ["a"]
        assert log.add(100, "n", 21.0, 40.0, "b")
    assert read_log(tmp_path / "log.csv").label.tolist() == ["a", "b"]  # type: ignore[union-attr]


def test_a_disk_that_is_full_leaves_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with GrowingLog(path, "status") as log:
        assert log.add(100, "n", 20.0, 40.0, "a")
        content = path.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) + 5, limits[1]))
        try:
            with pytest.raises(InputError, match="cannot be written"):
                log.add(101, "n", 20.0, 40.0, "a")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.read_bytes() == content
        assert log.add(101, "n", 20.0, 40.0, "a")
    assert isinstance(unwritable(path, OSError(errno.ENOSPC, "full")), OutsideError)


def test_undo_ends_where_the_session_began(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    with GrowingLog(path, "status") as log:
        assert log.add(100, "n", 20.0, 40.0, "a")
        assert log.add(100, "m", 20.0, 40.0, "a")
    with GrowingLog(path, "status") as log:
        assert log.add(101, "m", 21.0, 40.0, "b")
        assert log.add(100.5, "n", 21.0, 40.0, "c")
        assert not log.add(99, "n", 21.0, 40.0, "c")
        assert (log.rows, log.skipped) == (2, 1)
        assert log.undo(0) == ["b", "c"]
        assert log.rows == 0
    assert len(path.read_text().splitlines()) == 3


def test_a_row_without_a_node_is_of_the_only_one(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    with GrowingLog(path, "status") as log:
        assert log.add(100, "n", 20.0, 40.0, "a")
    with GrowingLog(path, "status") as log:
        assert log.add(101, "", 20.0, 40.0, "a")
    assert read_log(path).node.tolist() == ["n", "n"]


def test_no_reading_no_file(tmp_path: Path) -> None:
    with GrowingLog(tmp_path / "log.csv", "status"):
        pass
    assert not (tmp_path / "log.csv").exists()


def test_sigterm_gives_the_terminal_back(cable: Cable, tmp_path: Path) -> None:
    keys, terminal = os.openpty()
    before = termios.tcgetattr(terminal)
    out = str(tmp_path / "log.csv")
    arguments = ("record", "--port", cable.port, "--label", "a", "--out", out)
    record = Command(*arguments, stdin=terminal)
    record.wait_for(b"space pauses")
    assert termios.tcgetattr(terminal) != before
    record.process.terminate()
    assert record.process.wait(LIMIT_S) == 0
    assert termios.tcgetattr(terminal) == before
    for end in (keys, terminal):
        os.close(end)
