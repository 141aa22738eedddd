"""Single keys without Enter, where there is a terminal."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["keys"]


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """Give a function that returns what was pressed since its last call."""
    if not sys.stdin.isatty():
        yield lambda: ""
    elif sys.platform == "win32":
        yield _pressed_on_windows
    else:
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield _read_key
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _read_key() -> str:
    if not select.select([sys.stdin], [], [], 0)[0]:
        return ""
    return os.read(sys.stdin.fileno(), 64).decode(errors="replace")


def _pressed_on_windows() -> str:
    import msvcrt

    said = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
        said += msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
    return said
