"""Commands that run until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from edgewise.console import say
from edgewise.errors import EdgewiseError

__all__ = ["catch_end", "end_as_interrupt", "once_or_hourly", "wait_for_end"]

_HOUR_S = 3600
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def catch_end() -> Callable[[], None]:
    """Return a function that blocks until SIGINT or SIGTERM; from now on they end only that."""
    # The signal writes a byte to a pipe. This wakes the waiting thread, even if the signal
    # interrupts another one. A handler that raises would raise again at a second signal, where
    # nothing catches it.
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd)
    for number in _END_SIGNALS:
        signal.signal(number, lambda _number, _frame: None)

    def wait() -> None:
        os.read(read_fd, 1)
        for number in _END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    return wait


def wait_for_end() -> None:
    """Block until SIGINT or SIGTERM, then return; later signals are ignored."""
    catch_end()()


def end_as_interrupt() -> None:
    """Make SIGTERM raise KeyboardInterrupt from now on, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def once_or_hourly(work: Callable[[], None], stay: bool) -> None:
    """Run ``work``; with ``stay`` run it every hour until SIGINT or SIGTERM, even after errors."""
    if not stay:
        work()
        return
    end_as_interrupt()
    try:
        while True:
            try:
                work()
            except EdgewiseError as e:
                say(f"{e}; next try in an hour")
            time.sleep(_HOUR_S)
    except KeyboardInterrupt:
        return
