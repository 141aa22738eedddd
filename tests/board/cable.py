"""A serial cable that can be pulled: a pty behind a name that stays."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path

from tests.shared import LIMIT_S

_UNREAD_MAX = 1024  # bytes; the buffer of a terminal holds 4,096


class Cable:
    """``port`` is the computer's end; the board's end is written with ``say``."""

    def __init__(self, folder: Path) -> None:
        self._link = folder / "port"
        self.port = str(self._link)
        self._board_end: int | None = None
        # an end that is closed during a read or a write may be another test's pipe by then
        self._in_use = threading.Lock()
        self.plug()

    def plug(self) -> None:
        self._board_end, computer_end = os.openpty()
        tty.setraw(self._board_end)
        os.set_blocking(self._board_end, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(computer_end))
        self._computer_end = computer_end

    def say(self, data: bytes) -> None:
        """All of it, as soon as the computer has room for it."""
        end_s = time.monotonic() + LIMIT_S
        while data:
            assert time.monotonic() < end_s, "nobody reads"
            try:
                with self._in_use:
                    assert self._board_end is not None
                    data = data[os.write(self._board_end, data) :]
            except BlockingIOError:
                time.sleep(0.01)

    def offer(self, data: bytes) -> None:
        """Lost where nobody reads, as on a wire.

        A pty whose buffer was full stays blocked when the computer opens and flushes it: it never
        gets full.
        """
        with self._in_use, suppress(BlockingIOError):
            assert self._board_end is not None
            if self._unread() < _UNREAD_MAX:
                os.write(self._board_end, data)

    def _unread(self) -> int:
        (n,) = struct.unpack("i", fcntl.ioctl(self._computer_end, termios.FIONREAD, bytes(4)))
        return int(n)

    def say_if_there(self, data: bytes) -> None:
        with suppress(OSError, AssertionError):
            self.say(data)

    def read(self, timeout_s: float) -> bytes:
        """What the computer sent; nothing while the cable is out."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            with self._in_use, suppress(OSError):
                end = self._board_end
                if end is not None and select.select([end], [], [], 0)[0]:
                    return os.read(end, 4096)
            time.sleep(0.01)
        return b""

    def unplug(self) -> None:
        with self._in_use:
            if self._board_end is not None:
                end, self._board_end = self._board_end, None
                os.close(end)
                os.close(self._computer_end)
                self._link.unlink()
