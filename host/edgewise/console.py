"""The two streams: stdout for results, stderr for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["emit_json", "err", "out", "progress_bar", "say"]


@cache
def out() -> Console:
    """Rich's stdout; rich is imported at the first call, it takes as long as typer."""
    from rich.console import Console

    return Console()


@cache
def err() -> Console:
    """Rich's stderr."""
    from rich.console import Console

    return Console(stderr=True)


def emit_json(value: dict[str, Any]) -> None:
    """Write one JSON object as one line on stdout. NaN is refused with ValueError: not JSON."""
    typer.echo(json.dumps(value, allow_nan=False))


def say(text: str) -> None:
    """Write a line on stderr as it is: neither wrapped nor read as markup.

    Where it cannot be written, to a log on a full disk or to a pipe that nobody reads, it is
    lost: no reason to stop.
    """
    with suppress(OSError):
        typer.echo(text, err=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block runs; it is given a function of (done, of)."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    terminal = err().is_terminal
    if not terminal:
        say(f"{what} ...")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True, disable=not terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
