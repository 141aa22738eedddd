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

__all__ = ["emit_json", "err", "out", "printable", "progress_bar", "say"]


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
    """Show a bar on stderr while the block runs; yield a function of (done, total)."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    is_terminal = err().is_terminal
    if not is_terminal:
        say(f"{title} ...")
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err(), transient=True, disable=not is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
