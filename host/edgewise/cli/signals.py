"""Commands that run until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Protocol

from edgewise.console import say
from edgewise.errors import EdgewiseError

__all__ = ["End", "catch_end", "end_as_interrupt", "once_or_hourly"]

_HOUR_S = 3600
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class End(Protocol):
    """Blocks until SIGINT or SIGTERM, for ``timeout_s`` at the most; whether one came."""

    def __call__(self, timeout_s: float | None = None) -> bool: ...


def catch_end(*more: signal.Signals) -> End:
    """Return a function that blocks until SIGINT or SIGTERM; from now on they end only that.

    ``more``: signals that end it too.
    """
    # A handler that raises would raise again at a second signal, where nothing catches it.
    read_fd = _wakeup_pipe()
    # a nohup has SIGHUP ignored
    numbers = (*_END_SIGNALS, *(n for n in more if signal.getsignal(n) != signal.SIG_IGN))
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)

    def wait(timeout_s: float | None = None) -> bool:
        if not select.select([read_fd], [], [], timeout_s)[0]:
            return False
        os.read(read_fd, 1)
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        return True

    return wait


def end_as_interrupt() -> threading.Event:
    """Make SIGTERM raise KeyboardInterrupt from now on, as Ctrl-C does, and return an event.

    Both signals set the event as well: a library may swallow the exception.
    """
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()
        signal.default_int_handler(number, frame)

    for number in _END_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # a shell has Ctrl-C ignored in background
            signal.signal(number, end)
    return ended


def once_or_hourly(work: Callable[[], None], stay: bool) -> None:
    """Run ``work``; with ``stay`` run it every hour until SIGINT or SIGTERM, even after errors."""
    if not stay:
        work()
        return
    ended, read_fd = end_as_interrupt(), _wakeup_pipe()
    with suppress(KeyboardInterrupt):
        while not ended.is_set():
            try:
                work()
            except EdgewiseError as e:
                say(f"{e}; next try in an hour")
            select.select([read_fd], [], [], _HOUR_S)


def _wakeup_pipe() -> int:
    # A signal writes a byte to the pipe, whose reading end is returned. This wakes the main
    # thread, even if the signal interrupts another one, as one of a library for linear algebra.
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd)
    return read_fd
