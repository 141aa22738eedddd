"""Read the first lines of a node after a reset: its model and reading, or its failure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewise.board.ports import open_port
from edgewise.errors import OutsideError

if TYPE_CHECKING:
    import serial

__all__ = ["LIMIT_S", "Started", "limits", "watch"]

LIMIT_S = 60.0  # after each line that was not heard before
_WHOLE_LIMITS = 15  # a line that is damaged on its way is a new one
_NODE = re.compile(r"edgewise: node (\S+), boot (\d+), (?:model (.+), (\S+)|safe mode)$")
_EXCEPTION = re.compile(r"[A-Z]\w*(Error|Exception)\b")
_BOOT_LOOP_STARTS = 3
_LINE_MAX = 4096
_FLASH_AGAIN = "flash it again with --erase"
# lines of the ROM, ESP-IDF and MicroPython when no node will start -> reason and cure
_BAD_SIGNS = (
    (r"waiting for download", "the board waits for a download: let BOOT go and press RESET"),
    (r"invalid header: 0x|flash read err", f"nothing to start in its flash: {_FLASH_AGAIN}"),
    (r"Guru Meditation|abort\(\) was called", f"MicroPython crashed: {_FLASH_AGAIN}"),
    (r"Brownout detector", "the supply breaks down: use another USB port, cable or supply"),
)
_CURES = {
    "timeout": "check its wires, supply, sensor.pin, and the pull-up of 10 kOhm on the data wire",
    "checksum": "shorten the data wire, and check the pull-up of 10 kOhm",
}


@dataclass(frozen=True)
class Started:
    """A node that runs; ``t`` in Celsius, ``h`` in %RH, None when it prints no readings."""

    node: str
    model: str
    t: float | None
    h: float | None

    def __str__(self) -> str:
        text = f"node {self.node} runs, model {self.model}"
        if self.t is None:
            return text + ' (it says no readings here: "serial" is off)'
        return f"{text}, first reading {self.t} C {self.h:.0f} %"


def limits(talks: bool, limit_s: float) -> str:
    """Return what `watch` waits for, and for how long."""
    target = "reading" if talks else "line"
    whole_min = limit_s * _WHOLE_LIMITS / 60
    return (
        f"waiting for the node's first {target}, up to {limit_s:.0f} s after each new line of the "
        f"board, {whole_min:.0f} min in all"
    )


def watch(
    line: serial.Serial,
    port: str,
    talks: bool,
    limit_s: float,
    now: Callable[[], float] = time.monotonic,
) -> Started:
    """Read ``line`` until the node's first reading and return it; OutsideError names the cure.

    ``talks``: whether its settings let it print readings; else its first line is enough.
    ``limit_s`` begins again with each line that was not heard before. A chip with USB inside
    closes its port at a reset; it is then opened again as ``port``.
    """
    node = model = message = last_line = ""
    starts = 0
    for text in _lines(line, port, limit_s, now):
        if match := _NODE.match(text):
            node, model = match[1], match[3] or ""
            if not model:
                raise OutsideError(f"node {node} is in safe mode after bad starts: {_FLASH_AGAIN}")
            if not talks:
                return Started(node, model, None, None)
        elif text.startswith("state ") and node:
            return _reading(node, model, text)
        elif text.startswith(">>>"):
            raise OutsideError(_stop_reason(message))
        elif text.startswith("rst:0x"):
            starts += 1
            if starts == _BOOT_LOOP_STARTS:
                raise OutsideError(f"the board starts again and again: {message or _FLASH_AGAIN}")
        else:
            _check_signs(text)
            last_line = text
        if text.startswith("edgewise: ") or _EXCEPTION.match(text):
            message = text.removeprefix("edgewise: ")
    raise OutsideError(_silence_error(node, model, message or last_line, limit_s))


def _lines(
    line: serial.Serial, port: str, limit_s: float, now: Callable[[], float]
) -> Iterator[str]:
    start_s = now()
    end_s = start_s + limit_s
    heard: set[str] = set()
    buffer = b""
    while now() < end_s:
        try:
            buffer += line.read(max(1, line.in_waiting))
        except OSError:  # the reset closed the port
            line.close()
            line, buffer = _reopen(port, end_s, now), b""
        *complete, buffer = buffer.replace(b"\r", b"\n").split(b"\n")
        if buffer.startswith(b">>>") or len(buffer) > _LINE_MAX:  # a prompt has no line end
            complete, buffer = [*complete, buffer], b""
        for text in complete:
            if not text:
                continue
            message = text.decode("utf-8", "replace")
            if message not in heard:
                heard.add(message)
                end_s = min(now() + limit_s, start_s + limit_s * _WHOLE_LIMITS)
            yield message


def _reopen(port: str, end_s: float, now: Callable[[], float]) -> serial.Serial:
    while True:
        try:
            return open_port(port)
        except OutsideError:
            if now() > end_s:
                raise
            time.sleep(0.2)


def _reading(node: str, model: str, text: str) -> Started:
    try:
        state: Any = json.loads(text.removeprefix("state "))
        error = state.get("err")
        if not error:
            return Started(node, model, float(state["t"]), float(state["h"]))
    except (AttributeError, ValueError, KeyError, TypeError) as e:
        raise OutsideError(f"node {node} runs, model {model}, but its line is cut: {text}") from e
    cure = _CURES.get(error, "see edgewise monitor")
    raise OutsideError(f"node {node} runs, model {model}, but its sensor fails ({error}): {cure}")


def _check_signs(text: str) -> None:
    for sign, reason in _BAD_SIGNS:
        if re.search(sign, text):
            raise OutsideError(reason)


def _stop_reason(message: str) -> str:
    if not message:
        cure = f"run edgewise build, then {_FLASH_AGAIN}"
        return f"MicroPython runs, but no node is on the board: {cure}"
    return f"the node stopped: {message}: correct that, build and flash again"


def _silence_error(node: str, model: str, last_line: str, limit_s: float) -> str:
    cure = "press RESET (EN), and look with edgewise monitor"
    if node:
        wait = f"no reading came within {limit_s:.0f} s of its last line"
        return f"node {node} runs, model {model}, but {wait}: {cure}"
    if last_line:
        wait = f"no line of the node came within {limit_s:.0f} s after {last_line!r}"
    else:
        wait = f"nothing was heard in {limit_s:.0f} s"
    return f"written and verified, but {wait}: {cure}"
