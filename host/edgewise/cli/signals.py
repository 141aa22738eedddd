"""Commands that end at SIGINT or SIGTERM."""

from __future__ import annotations

import signal

__all__ = ["end_as_interrupt", "wait_for_end"]


def wait_for_end() -> None:
    """Block until SIGINT or SIGTERM, then return normally."""
    ends = {signal.SIGINT, signal.SIGTERM}
    for number in ends:
        signal.signal(number, _interrupt)
    try:
        while True:
            signal.pause()
    except _Ended:
        pass
    finally:
        for number in ends:
            signal.signal(number, signal.SIG_IGN)


def end_as_interrupt() -> None:
    """From now on SIGTERM is a KeyboardInterrupt, as Ctrl-C is."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class _Ended(Exception):
    pass


def _interrupt(_number: int, _frame: object) -> None:
    raise _Ended
