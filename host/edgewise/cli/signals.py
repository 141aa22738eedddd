"""Commands that end at SIGINT or SIGTERM."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

__all__ = ["catch_end", "end_as_interrupt", "wait_for_end"]

_ENDS = (signal.SIGINT, signal.SIGTERM)


def catch_end() -> Callable[[], None]:
    """From now on SIGINT and SIGTERM only end the function that is returned."""
    # A byte in a pipe wakes it, whichever thread the signal interrupts. A handler that raises
    # would raise again at the second signal, where nobody catches it.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in _ENDS:
        signal.signal(number, lambda _number, _frame: None)

    def wait() -> None:
        os.read(reading, 1)
        for number in _ENDS:
            signal.signal(number, signal.SIG_IGN)

    return wait


def wait_for_end() -> None:
    """Block until SIGINT or SIGTERM, then return normally; later ones change nothing."""
    catch_end()()


def end_as_interrupt() -> None:
    """From now on SIGTERM is a KeyboardInterrupt, as Ctrl-C is."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
