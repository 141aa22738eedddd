"""The first lines of a node: success, and every reason that has a name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from edgewise.board.serial import first_lines
from edgewise.errors import OutsideError

ROM = b"ets Jul 29 2019\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)\r\n"
NODE = b"edgewise: node a1b2c3, boot 7, model my, rooms, viper-inline\r\n"
STATE = b'state {"ts":null,"boot":7,"seq":1,"t":-3.4,"h":45.1,"cls":"normal","p":0.93}\r\n'
FAILED = b'state {"ts":null,"boot":7,"seq":1,"t":null,"h":null,"cls":null,"p":null,"err":"%s"}\r\n'
PROMPT = b'MicroPython v1.27.0 on 2025-12-09; Generic\r\nType "help()" for more\r\n>>> '


class Line:
    """A port that gives these pieces, one a read; an exception among them is raised."""

    def __init__(self, *pieces: bytes | OSError) -> None:
        self._pieces: Iterator[bytes | OSError] = iter(pieces)
        self.closed = False

    in_waiting = 0

    def read(self, size: int) -> bytes:
        piece = next(self._pieces, b"")
        if isinstance(piece, OSError):
            raise piece
        return piece

    def close(self) -> None:
        self.closed = True


def watch(*pieces: bytes | OSError, talks: bool = True) -> first_lines.Started:
    seconds = count()
    line: Any = Line(*pieces)
    return first_lines.watch(line, "P", talks, 60, lambda: float(next(seconds)))


def reason(*pieces: bytes) -> str:
    with pytest.raises(OutsideError) as e:
        watch(*pieces)
    return str(e.value)


def test_the_first_reading_ends_it() -> None:
    text = ROM + b"edgewise: wifi: connected\r\n" + NODE + STATE
    pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
    assert len(pieces) < 60
    result = watch(*pieces, b"garbage that nobody reads")
    assert result == first_lines.Started("a1b2c3", "my, rooms", -3.4, 45.1)
    assert str(result) == "node a1b2c3 runs, model my, rooms, first reading -3.4 C 45 %"


def test_a_node_that_says_no_readings() -> None:
    result = watch(ROM, NODE, talks=False)
    assert str(result).startswith("node a1b2c3 runs, model my, rooms (it says no readings")


def test_garbage_in_front_does_not_matter() -> None:
    assert watch(b"\xff\xfe\x00" * 50 + b"\r\n" + NODE, STATE).t == -3.4


def test_the_reading_of_the_run_before_does_not_count() -> None:
    assert watch(STATE.replace(b"-3.4", b"99.9") + ROM + NODE, STATE).t == -3.4


def test_a_port_that_goes_with_the_reset_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(NODE, STATE)
    monkeypatch.setattr(first_lines, "open_port", lambda port: {"P": line}[port])
    assert watch(b"rst", OSError(5, "gone")).node == "a1b2c3"


def test_a_port_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(port: str) -> Line:
        raise OutsideError(f"port {port}: is not there")

    monkeypatch.setattr(first_lines, "open_port", fail)
    monkeypatch.setattr(first_lines.time, "sleep", lambda s: None)
    with pytest.raises(OutsideError, match="port P: is not there"):
        watch(OSError(5, "gone"))


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ((ROM, NODE, FAILED % b"timeout"), "but its sensor fails (timeout): check its wires"),
        ((ROM, NODE, FAILED % b"checksum"), "sensor fails (checksum): shorten the data wire"),
        ((ROM, NODE, FAILED % b"stuck"), "sensor fails (stuck): see edgewise monitor"),
        ((ROM, NODE, b"state {cut\r\n"), "but its line is cut: state {cut"),
        ((ROM, NODE, b"state {}\r\n"), "but its line is cut: state {}"),
        ((ROM, NODE), "node a1b2c3 runs, model my, rooms, but no reading came within 60 s "
         "of its last line: press RESET (EN), and look with edgewise monitor"),
        ((ROM, PROMPT), "MicroPython runs, but no node is on the board: run edgewise build"),
        ((ROM, b"edgewise: config: perio is not known\r\n", PROMPT),
         "the node stopped: config: perio is not known: correct that, build and flash again"),
        ((ROM, b"Traceback (most recent call last):\r\n  File\r\n"
          b"ImportError: no module named 'edgenode'\r\n", PROMPT),
         "the node stopped: ImportError: no module named 'edgenode'"),
        ((ROM, b"OSError: -2\r\n", ROM, b"OSError: -2\r\n", ROM),
         "the board starts again and again: OSError: -2"),
        ((ROM * 3,), "the board starts again and again: flash it again with --erase"),
        ((b"edgewise: node a1b2c3, boot 7, safe mode\r\n",), "node a1b2c3 is in safe mode"),
        ((b"waiting for download\r\n",), "let BOOT go and press RESET"),
        ((b"invalid header: 0xffffffff\r\n",), "nothing to start in its flash"),
        ((b"Guru Meditation Error: Core  0 panic'ed\r\n",), "MicroPython crashed"),
        ((b"\r\nBrownout detector was triggered\r\n",), "the supply breaks down"),
        ((), "written and verified, but nothing was heard in 60 s: press RESET (EN)"),
        ((b"hello\r\n",),
         "written and verified, but no line of the node came within 60 s after 'hello'"),
        ((b"x" * 9000,), "no line of the node came within 60 s after 'xxx"),
    ],
)  # fmt: skip
def test_each_reason_and_its_cure(pieces: tuple[bytes, ...], message: str) -> None:
    assert message in reason(*pieces)


def test_a_slow_board_has_time_as_long_as_it_says_something_new() -> None:
    boot = [b"".join((ROM, b"%d of 5\r\n" % n)) for n in range(5)]
    boot[1:] = [line.replace(b"rst:", b"") for line in boot[1:]]  # one start
    pieces = [piece for line in boot for piece in (*[b""] * 45, line)]
    assert len(pieces) > 3 * 60
    assert watch(*pieces, NODE, *[b""] * 45, STATE).t == -3.4


@pytest.mark.parametrize(
    ("lines", "reads_max"),
    [
        ([b"The filesystem appears to be corrupted.\r\n"] * 3000, 70),
        ([b"%d\r\n" % n for n in range(3000)], 15 * 60),
    ],
    ids=["the same line", "noise"],
)
def test_a_board_that_never_stops_talking_ends_the_wait(
    lines: list[bytes], reads_max: int
) -> None:
    read: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        for line in lines:
            read.append(line)
            yield line

    seconds = count()
    line: Any = Line()
    line._pieces = pieces()
    with pytest.raises(OutsideError, match="no line of the node came within 60 s after"):
        first_lines.watch(line, "P", True, 60, lambda: float(next(seconds)))
    assert len(read) <= reads_max


def test_the_wait_is_said_with_its_limits() -> None:
    assert first_lines.limits(True, 60) == (
        "waiting for the node's first reading, up to 60 s after each new line of the board, "
        "15 min in all"
    )
    assert first_lines.limits(False, 120).startswith(
        "waiting for the node's first line, up to 120"
    )
