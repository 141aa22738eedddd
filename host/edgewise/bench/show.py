"""Show the figures of the bench to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise import console
from edgewise.bench.start import Reads

__all__ = ["show", "show_starts"]

_HEAD = ("", "us", "x gcc", "bytes", "allocated", "agreement", "what a call does")


def show(figures: dict[str, Any]) -> None:
    """Print a table and some lines; plain aligned text where stdout is no terminal."""
    from rich.table import Table

    rows = [_cells(way) for way in figures["ways"]]
    if console.out().is_terminal:
        table = Table(*_HEAD, title="edgewise bench", title_justify="left")
        for row in rows:
            table.add_row(*row)
        console.out().print(table)
    else:
        widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
        for row in (_HEAD, *rows):
            print("  ".join(map(str.ljust, row, widths)).rstrip())
        print()
    for line in _lines(figures):
        print(line)


def _cells(way: dict[str, Any]) -> tuple[str, ...]:
    if "absent" in way:
        return way["name"], "-", "", "", "", "", way["absent"]
    ratio, size, agreement = way["ratio"], way["bytes"], way["agreement"]
    allocated = "" if way["heap_locked"] is None else f"{way['allocated']:.0f} B"
    return (
        way["name"],
        f"{way['us']:.3f}",
        "" if ratio is None else f"{ratio:.1f}",
        "" if size is None else f"{size} {way['bytes_of']}",
        allocated + (", heap locked" if way["heap_locked"] else ""),
        "" if agreement is None else f"{agreement:.2%}",
        way["does"],
    )


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    model, step, heap = figures["model"], figures["step"], figures["heap"]
    yield (
        f"{figures['runs_on']}; model {model['name']}: {model['trees']} trees, "
        f"{model['nodes']} nodes, {model['features']} features; {figures['rows']} rows, "
        f"agreement with {figures['oracle']}"
    )
    yield f"best of all rounds, without the loop of {figures['loop_us']:.3f} us a call"
    yield _per_node(model)
    locked = "nothing allocated, heap locked" if step["heap_locked"] else "ALLOCATES"
    yield f"whole step, raw frame to class: {step['us']:.1f} us, {locked}"
    yield (
        f"heap: {heap['code']} bytes of the node's core, {heap['pipeline']} of filters and "
        f"features, {heap['model']} of the model"
    )
    if host := figures.get("host"):
        yield (
            f"host: {host['readings']} readings of {host['nodes']} nodes become "
            f"{host['features']} features in {host['seconds']:.1f} s, "
            f"{host['readings_per_s']:.0f} a second"
        )
    if load := figures.get("collector"):
        yield (
            f"collector: {load['readings']} readings through mosquitto into SQLite in "
            f"{load['seconds']:.1f} s, {load['per_s']} a second, {load['batch']} in a commit"
        )


def _per_node(model: dict[str, Any]) -> str:
    parts = [f"table {model['table_bytes'] / model['nodes']:.1f} in RAM"]
    if model["inline_bytes"]:
        parts.append(f"inline {model['inline_bytes'] / model['nodes']:.1f} in code (xtensawin)")
    return f"bytes a node: {', '.join(parts)}"


def show_starts(starts: Mapping[str, Mapping[str, Reads]]) -> None:
    """Print what the starts of `bench.start.measure_starts` read."""
    what = {"power": "from reset to the first reading", "wake": "wake from deep sleep, radio off"}
    print("reads of the flash, and their bytes")
    for start, words in what.items():
        for layout, figures in starts.items():
            found = figures[start]
            print(f"{words:34}  {layout:10}  {found.reads:6,}  {found.bytes:9,}")
