"""Silence esptool's messages and pass its progress to a callback of the same thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import esptool  # noqa: F401 - its import installs a logger, which this one replaces
from esp_pylib.logger import EspLog, EspLogBase

__all__ = ["show_progress"]

_thread = threading.local()


class _Quiet(EspLogBase):
    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print nothing, as the next six: errors come as exceptions."""

    err = warn = note = hint = debug = set_verbosity = print

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "",
        bar_length: int = 30,
    ) -> None:  # fmt: skip
        """Report the progress of one region."""
        getattr(_thread, "progress", lambda done, total: None)(cur_iter, total_iters)


@contextmanager
def show_progress(sizes: Sequence[int], progress: Callable[[int, int], None]) -> Iterator[None]:
    """Call ``progress`` with bytes done and total bytes while regions of ``sizes`` are written."""
    remaining = list(sizes)
    finished_bytes = 0

    def report(done: int, total: int) -> None:
        nonlocal finished_bytes
        if done < total:
            progress(finished_bytes + remaining[0] * done // total, sum(sizes))
        elif remaining:
            finished_bytes += remaining.pop(0)
            progress(finished_bytes, sum(sizes))

    _thread.progress = report
    try:
        yield
    finally:
        del _thread.progress


EspLog.instance = _Quiet()
