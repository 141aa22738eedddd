"""A part of a station: a child process, whose lines are shown behind its name."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["Part", "edgewise_command"]

_STOP_S = 60.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def edgewise_command(*arguments: str) -> list[str]:
    """Return the command line of `edgewise` with ``arguments``, for a child process.

    -P: what lies in the folder where it runs is not imported.
    """
    return [sys.executable, "-P", "-m", "edgewise.cli.main", *arguments]


class Part:
    """A running child process. ``say`` gets its lines that ``is_shown`` accepts.

    It is in a session of its own, so that Ctrl-C on a terminal does not reach it: the parts end
    in an order. On Linux it gets SIGTERM when this process dies.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        say: Callable[[str], None],
        is_shown: Callable[[str], bool] = lambda line: True,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.lines: list[str] = []  # what it said until it was ready
        self.last_line = ""  # of those shown
        self.is_ready = False
        self._say, self._is_shown = say, is_shown
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        self._reader = threading.Thread(target=self._read, name=name, daemon=True)
        self._reader.start()

    @property
    def code(self) -> int | None:
        """The exit code, or minus the signal that ended it; None while it runs."""
        return self._process.poll()

    def why(self) -> str:
        """Return why it ended, in one line."""
        self._reader.join(_STOP_S)
        code = self.code
        how = (
            f"was ended by signal {-code}" if code and code < 0 else f"ended with exit code {code}"
        )
        line = self.last_line.removeprefix("error: ")
        return f"{self.name} {how}" + (f": {line}" if line else "")

    def stop(self) -> int:
        """End it with SIGTERM and return its exit code; after a minute with SIGKILL."""
        if self.code is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._say(f"{self.name}: does not end within {_STOP_S:.0f} s and is killed")
            self._process.kill()
            self._process.wait()
        self._reader.join(_STOP_S)
        return self._process.returncode

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._on_line(line.rstrip())

    def _on_line(self, line: str) -> None:
        if not line:
            return
        if not self.is_ready:
            self.lines.append(line)
        if self._is_shown(line):
            self.last_line = line
            self._say(f"{self.name}: {line}")


def _end_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
