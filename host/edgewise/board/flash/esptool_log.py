"""esptool's messages: none on the screen, its progress to whoever asked in the same thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import esptool  # noqa: F401 - installs its own logger when it comes, which this one replaces
from esp_pylib.logger import EspLog, EspLogBase

__all__ = ["show_progress"]

_asked = threading.local()


class _Quiet(EspLogBase):
    def print(self, *args: Any, **kwargs: Any) -> None:
        """Not on the screen, and so with the next four: errors come as exceptions."""

    err = warn = note = hint = debug = set_verbosity = print

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "",
        bar_length: int = 30,
    ) -> None:  # fmt: skip
        """How far one region is."""
        getattr(_asked, "progress", lambda done, of: None)(cur_iter, total_iters)


@contextmanager
def show_progress(sizes: Sequence[int], progress: Callable[[int, int], None]) -> Iterator[None]:
    """Call ``progress`` with bytes done and of all ``sizes`` while regions are written in turn."""
    left = list(sizes)
    finished = 0

    def one(done: int, of: int) -> None:
        nonlocal finished
        if done < of:
            progress(finished + left[0] * done // of, sum(sizes))
        elif left:
            finished += left.pop(0)
            progress(finished, sum(sizes))

    _asked.progress = one
    try:
        yield
    finally:
        del _asked.progress


EspLog.instance = _Quiet()
