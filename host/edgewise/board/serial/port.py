"""Read a serial port; the board behind it may be reset, unplugged or asleep."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Any

from edgewise.board.ports import open_port
from edgewise.errors import OutsideError

__all__ = ["Lost", "Opened", "SerialReader"]

_TIMEOUT_S = 0.2
_LINE_MAX = 4096
_RETRY_S = (0.2, 0.5, 1.0, 2.0)


class Opened:
    """Event: the port is open, perhaps again."""


class Lost:
    """Event: the port has gone; the reader tries to open it again."""

    def __init__(self, why: str) -> None:
        self.why = why


class SerialReader:
    """A context manager; ``events`` has Opened, Lost and lines, or chunks in ``raw`` mode.

    ``port`` is anything that pyserial opens: a path, ``socket://host:port``, ``rfc2217://...``.
    Lines are bytes without their line end; a line is cut at 4,096 bytes. Raises InputError or
    OutsideError if the port does not open the first time; later the reader opens it again itself.
    """

    def __init__(self, port: str, raw: bool = False) -> None:
        self._port = port
        self._raw = raw
        self._stop = threading.Event()
        self.events: queue.Queue[Opened | Lost | bytes] = queue.Queue(10000)
        self._thread = threading.Thread(target=self._run, name="serial", daemon=True)

    def __enter__(self) -> SerialReader:
        self._io = open_port(self._port)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        tries = 0
        io: Any = self._io
        while not self._stop.is_set():
            try:
                if io is None:
                    io = open_port(self._port)
                self._queue(Opened())
                tries = 0
                self._read(io)
            except (OSError, OutsideError) as e:
                if io is not None:
                    io.close()
                    io = None
                    self._queue(Lost(_reason(e)))
                self._stop.wait(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
                tries += 1
        if io is not None:
            io.close()

    def _read(self, io: Any) -> None:
        line = bytearray()
        while not self._stop.is_set():
            data = io.read(io.in_waiting or 1)
            if self._raw:
                if data:
                    self._queue(bytes(data))
                continue
            line.extend(data)
            *complete, rest = line.split(b"\n")
            for text in complete:
                self._queue(bytes(text[:_LINE_MAX].rstrip(b"\r")))
            line = rest[:_LINE_MAX]

    def _queue(self, event: Opened | Lost | bytes) -> None:
        # The thread must end even if no one takes events from a full queue.
        while not self._stop.is_set():
            try:
                self.events.put(event, timeout=_TIMEOUT_S)
                return
            except queue.Full:
                continue


def _reason(e: Exception) -> str:
    lines = str(e).splitlines()
    return lines[0] if lines else type(e).__name__
