"""The raw REPL of a board, through mpremote; what runs is interrupted and starts again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from edgewise.errors import OutsideError

__all__ = ["Repl", "open_repl"]

_ENTER_S, _EXEC_S = 20, 60


class Repl(Protocol):
    """A raw REPL: runs source on the board and gives back what it printed."""

    def exec(self, source: str) -> str:
        """OutsideError when the board raises or falls silent."""


@contextmanager
def open_repl(port: str) -> Iterator[Repl]:
    """Interrupt what runs on the board; at the end it starts again."""
    from mpremote.transport import TransportError
    from mpremote.transport_serial import SerialTransport

    try:
        line = SerialTransport(port, exclusive=True)
        line.serial.write(b"\r\x03\x03")
        line.enter_raw_repl(soft_reset=False, timeout_overall=_ENTER_S)
    except (TransportError, OSError) as e:
        raise OutsideError(f"port {port}: no MicroPython answers ({e})") from e
    try:
        yield _Line(port, line)
        with suppress(OSError):  # all is done: the cable may go
            line.exit_raw_repl()
            line.serial.write(b"\x04")
    finally:
        with suppress(OSError):
            line.close()


class _Line:
    def __init__(self, port: str, line: Any) -> None:
        self._port, self._line = port, line

    def exec(self, source: str) -> str:
        from mpremote.transport import TransportError

        try:
            said, error = self._line.exec_raw(source, timeout=_EXEC_S)
        except (TransportError, OSError) as e:
            raise OutsideError(f"port {self._port}: the board fell silent ({e})") from e
        if error:
            last = str(error.decode("utf-8", "replace").strip().splitlines()[-1])
            raise OutsideError(f"port {self._port}: the board says {last}")
        return str(said.decode("utf-8", "replace"))
