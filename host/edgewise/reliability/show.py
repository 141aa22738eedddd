"""Show the figures to people: a table on the terminal, or as Markdown in the docs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgewise import console
from edgewise.errors import InputError
from edgewise.reliability.drain import TARGET_PER_S, Drained
from edgewise.reliability.figures import Figures

__all__ = ["markdown", "show", "write_docs"]

_HEAD = (
    "scenario",
    "what is done",
    "taken",
    "lost",
    "rows twice",
    "repeats",
    "undated",
    "late slots",
    "worst ms",
    "recovery s",
    "reconnects",
    "",
)
_LOG_COLUMNS = 160
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def show(figures: Iterable[Figures], backlog: Drained | None) -> None:
    """Print the table and a line about the backlog."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    out = console.out()
    if not out.is_terminal:  # a log file has room for the whole table
        out = Console(width=_LOG_COLUMNS)

    table = Table(*_HEAD, title="reliability", title_justify="left", box=box.SIMPLE)
    for f in figures:
        table.add_row(*_cells(f), style="red" if f.faults else None)
    out.print(table)
    if backlog:
        print(_backlog_line(backlog))


def markdown(figures: Iterable[Figures], backlog: Drained) -> str:
    """Return the same as Markdown for docs/reliability.md."""
    rows = [_HEAD, ("---",) * len(_HEAD), *map(_cells, figures)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", _backlog_line(backlog)])


def write_docs(path: Path, text: str) -> None:
    """Write ``text`` between the markers of the page; InputError for a page without them."""
    page = path.read_text()
    if _BEGIN not in page or _END not in page:
        raise InputError(f"{path}: {_BEGIN} or {_END} is missing: put them where the table goes")
    before, after = page.split(_BEGIN)[0], page.split(_END)[1]
    path.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def _cells(f: Figures) -> tuple[str, ...]:
    recovery = f.recovery
    recovery_s = "-" if recovery.worst_s is None else f"{recovery.worst_s:.1f}"
    if recovery.n > 1:
        recovery_s += f" (median {recovery.median_s:.1f})"
    return (
        f.name,
        f.what,
        str(f.taken),
        str(f.lost),
        str(f.doubled),
        str(f.repeats),
        str(f.mistimed),
        f"{f.late} of {f.slots}",
        str(f.worst_ms),
        recovery_s,
        str(f.reconnects),
        "; ".join(f.faults) or "ok",
    )


def _backlog_line(d: Drained) -> str:
    return (
        f"Backlog: {d.readings} readings went into mosquitto in {d.seconds} s, {d.per_s} a second"
        f" (asked for: {TARGET_PER_S}); {d.lost} lost."
    )
