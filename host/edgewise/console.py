"""The two streams: `out` for results, `err` for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer
from rich.console import Console

__all__ = ["emit_json", "err", "out", "progress_bar", "say"]

out = Console()
err = Console(stderr=True)


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

    if not err.is_terminal:
        say(f"{what} ...")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
