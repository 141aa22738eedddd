"""Commands that do something once, or with --stay again every hour."""

from __future__ import annotations

import time
from collections.abc import Callable

from edgewise.cli.signals import end_as_interrupt
from edgewise.console import say
from edgewise.errors import EdgewiseError

__all__ = ["once_or_hourly"]

_HOUR_S = 3600


def once_or_hourly(work: Callable[[], None], stay: bool) -> None:
    """Do ``work``; with ``stay`` again every hour until SIGINT or SIGTERM, whatever goes wrong."""
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
