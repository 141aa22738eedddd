"""Commands that run once, or every hour with --stay."""

from __future__ import annotations

import time
from collections.abc import Callable

from edgewise.cli.signals import end_as_interrupt
from edgewise.console import say
from edgewise.errors import EdgewiseError

__all__ = ["once_or_hourly"]

_HOUR_S = 3600


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
