"""A serial port that may be reset, unplugged or asleep, and is read all the same."""

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
_WAITS_S = (0.2, 0.5, 1.0, 2.0)


class Opened:
    """The port is there (again)."""


class Lost:
    """The port has gone; it is tried again."""

    def __init__(self, why: str) -> None:
        self.why = why


class SerialReader:
    """A context manager; ``events`` gives Opened, Lost and, in ``raw`` mode chunks, else lines.

    ``port`` is whatever pyserial opens: a path, ``socket://host:port``, ``rfc2217://...``. Lines
    come as bytes without their end; one beyond 4,096 bytes is cut. Raises InputError or
    OutsideError where it cannot be opened the first time; afterwards it comes back by itself.
    """

    def __init__(self, port: str, raw: bool = False) -> None:
        self._port = port
        self._raw = raw
        self._ending = threading.Event()
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
        self._ending.set()
        self._thread.join(5)

    def _run(self) -> None:
        tries = 0
        io: Any = self._io
        while not self._ending.is_set():
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
                self._ending.wait(_WAITS_S[min(tries, len(_WAITS_S) - 1)])
                tries += 1
        if io is not None:
            io.close()

    def _read(self, io: Any) -> None:
        line = bytearray()
        while not self._ending.is_set():
            data = io.read(io.in_waiting or 1)
            if self._raw:
                if data:
                    self._queue(bytes(data))
                continue
            line.extend(data)
            *whole, rest = line.split(b"\n")
            for part in whole:
                self._queue(bytes(part[:_LINE_MAX].rstrip(b"\r")))
            line = rest[:_LINE_MAX]

    def _queue(self, event: Opened | Lost | bytes) -> None:
        # A reader that has stopped reading does not hold the port for ever.
        while not self._ending.is_set():
            try:
                self.events.put(event, timeout=_TIMEOUT_S)
                return
            except queue.Full:
                continue


def _reason(e: Exception) -> str:
    said = str(e).splitlines()
    return said[0] if said else type(e).__name__
