"""The raw REPL of a board, through mpremote; it interrupts the node and starts it again."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, Protocol

from edgewise.board.ports import open_port
from edgewise.errors import OutsideError

if TYPE_CHECKING:
    import serial

__all__ = ["ANSWER_S", "Repl", "open_repl"]

_TRY_S, ANSWER_S, _PROMPT_S, _READ_S = 8, 60, 2, 0.1
_TRIES, _TRIES_IF_HEARD = 2, 8  # a slow board starts for half a minute
_ENTER_LIMITS = (
    f"waiting for MicroPython's prompt, up to {_TRIES * _TRY_S} s, "
    f"{_TRIES_IF_HEARD * _TRY_S} s if the board says something"
)
_CURE = "press RESET (EN), check the cable and try again"


class Repl(Protocol):
    """A raw REPL: runs source on the board and returns its output."""

    def exec(self, source: str, limit_s: float = ANSWER_S) -> str:
        """Run ``source``; OutsideError when the board raises or is silent for ``limit_s``."""

    def restart(self) -> serial.Serial:
        """End the REPL, start the program on the board; return the port with its output."""


@contextmanager
def open_repl(port: str, say: Callable[[str], None] = lambda text: None) -> Iterator[Repl]:
    """Interrupt the program on the board; at the end start it again, unless restart() did.

    ``say`` is told what it waits for and for how long, once the port is open.
    InputError or OutsideError with the cure when the port does not open or no board answers.
    """
    from mpremote.transport import TransportError
    from mpremote.transport_serial import SerialTransport

    try:
        line = SerialTransport(port, exclusive=True)
    except (TransportError, ValueError) as e:
        open_port(port).close()  # raises with the reason
        raise OutsideError(f"port {port}: {e}") from e
    try:
        say(f"port {port}: {_ENTER_LIMITS}")
        try:
            _enter(line)
        except (TransportError, OSError) as e:
            raise OutsideError(f"port {port}: no MicroPython answers ({e}): {_CURE}") from e
        repl = _Line(port, line)
        try:
            yield repl
        finally:
            repl.leave()
    finally:
        with suppress(OSError):
            line.close()


def _enter(line: Any) -> None:
    # A board that is starting may miss the first interrupt.
    from mpremote.transport import TransportError

    heard = io.StringIO()
    tries = 0
    while True:
        line.serial.write(b"\r\x03\x03")
        try:
            with redirect_stdout(heard):  # mpremote prints what came in place of the prompt
                line.enter_raw_repl(soft_reset=False, timeout_overall=_TRY_S)
            return
        except TransportError:
            tries += 1
            is_silent = not heard.getvalue().replace("b''", "").strip()
            if tries >= (_TRIES if is_silent else _TRIES_IF_HEARD):
                raise


class _Line:
    def __init__(self, port: str, line: Any) -> None:
        self._port, self._line = port, line
        self._is_ended = False

    def exec(self, source: str, limit_s: float = ANSWER_S) -> str:
        from mpremote.transport import TransportError

        try:
            output, error = self._line.exec_raw(source, timeout=limit_s)
        except (TransportError, OSError) as e:
            raise OutsideError(
                f"port {self._port}: the board stopped answering ({e}): {_CURE}"
            ) from e
        if error:
            message = str(error.decode("utf-8", "replace").strip().splitlines()[-1])
            raise OutsideError(f"port {self._port}: the board says {message}: {_CURE}")
        return str(output.decode("utf-8", "replace"))

    def leave(self) -> None:
        # the node must run again after any error; the cable may be unplugged by now
        from mpremote.transport import TransportError

        with suppress(OSError, TransportError):
            if not self._is_ended:
                self._line.serial.write(b"\r\x03\x03")  # stops a command that still runs
            self.restart()

    def restart(self) -> serial.Serial:
        line = self._line
        if not self._is_ended:
            self._is_ended = True
            line.exit_raw_repl()
            line.read_until(1, b">>> ", timeout=_PROMPT_S)
            line.serial.write(b"\x04")
        port: serial.Serial = line.serial
        port.timeout = _READ_S
        return port
