"""The two streams: stdout for results, stderr for everything else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["emit_json", "err", "out", "printable", "progress_bar", "say"]

_LINE_S = 5.0  # between two lines of progress where there is no terminal


@cache
def out() -> Console:
    """Return rich's stdout; the first call imports rich, which takes as long as typer."""
    from rich.console import Console

    return Console()


@cache
def err() -> Console:
    """Return rich's stderr."""
    from rich.console import Console

    return Console(stderr=True)


def emit_json(value: dict[str, Any]) -> None:
    """Write one JSON object as one line on stdout; ValueError for NaN, which is not JSON."""
    typer.echo(json.dumps(value, allow_nan=False))


def printable(text: str) -> str:
    r"""``text`` with each control character as its escape, such as \x1b.

    Names and messages of nodes may hold some, which a terminal would obey.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str) -> None:
    """Write a line on stderr: neither wrapped nor read as markup, control characters as escapes.

    If it cannot be written, to a log on a full disk or to a closed pipe, it is lost; the command
    goes on.
    """
    with suppress(OSError):
        typer.echo(printable(text), err=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show the progress on stderr while the block runs; yield a function of (done, total).

    On a terminal that is a bar, elsewhere a line every five seconds.
    """
    if not err().is_terminal:
        with _progress_lines(title) as step:
            yield step
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _progress_lines(title: str) -> Iterator[Callable[[int, int], None]]:
    say(f"{title} ...")
    count = (0, 0)
    start_s, has_ended = time.monotonic(), threading.Event()

    def step(done: int, total: int) -> None:
        nonlocal count
        count = (done, total)

    def write_lines() -> None:
        # from a thread: a long step must not look like a hang
        while not has_ended.wait(_LINE_S):
            done, total = count
            share = f"{done:,} of {total:,}, " if total else ""
            say(f"{title}: {share}{time.monotonic() - start_s:.0f} s")

    thread = threading.Thread(target=write_lines, name="progress", daemon=True)
    thread.start()
    try:
        yield step
    finally:
        has_ended.set()
        thread.join()
