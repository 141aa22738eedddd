"""A serial cable that can be pulled: a pty behind a name that stays."""

from __future__ import annotations

import os
import tty
from pathlib import Path


class Cable:
    """``port`` is the computer's end; the board's end is written with ``say``."""

    def __init__(self, folder: Path) -> None:
        self._link = folder / "port"
        self.port = str(self._link)
        self._end: int | None = None
        self.plug()

    def plug(self) -> None:
        self._end, there = os.openpty()
        tty.setraw(self._end)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(there))
        self._there = there

    def say(self, data: bytes) -> None:
        assert self._end is not None
        os.write(self._end, data)

    def unplug(self) -> None:
        if self._end is not None:
            os.close(self._end)
            os.close(self._there)
            self._end = None
            self._link.unlink()
