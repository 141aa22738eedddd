"""Show the figures of the bench to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewise import console
from edgewise.bench.start import Reads

__all__ = ["show", "show_starts", "show_starts_on", "show_step"]

_POWER = "from reset to the first reading"
_WAKE = "wake from deep sleep, radio off"
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
    if starts := figures.get("starts"):
        show_starts_on(starts)


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
    model = figures["model"]
    yield (
        f"{figures['runs_on']}; model {model['name']}: {model['trees']} trees, "
        f"{model['nodes']} nodes, {model['features']} features; {figures['rows']} rows, "
        f"agreement with {figures['oracle']}"
    )
    yield f"best of all rounds, without the loop of {figures['loop_us']:.3f} us a call"
    yield _per_node(model)
    yield from _step_lines(figures)
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


def show_step(figures: dict[str, Any]) -> None:
    """Print what `bench.step.measure_step` measured."""
    model = figures["model"]
    heads = ", ".join(model["heads"]) or "none"
    print(
        f"{figures['runs_on']}; model {model['name']}: {model['trees']} trees, {model['nodes']} "
        f"nodes, {model['features']} features; heads: {heads}"
    )
    for line in _step_lines(figures):
        print(line)
    code = f", or inline code of {model['inline_bytes']}" if model["inline_bytes"] else ""
    print(
        f"on the board: model.bin {model['bytes']} bytes, of these the table of the trees "
        f"{model['table_bytes']}{code}"
    )


def _step_lines(figures: dict[str, Any]) -> Iterator[str]:
    step, heap, bits = figures["step"], figures["heap"], figures["word_bits"]
    locked = (
        "nothing allocated, heap locked"
        if step["heap_locked"]
        else f"ALLOCATES {step['allocated']:.0f} bytes"
    )
    yield f"whole step, raw frame to class and forecasts: {step['us']:.1f} us, {locked}"
    parts = ", ".join(f"{name} {us:.1f}" for name, us in step["parts_us"].items())
    yield f"alone, in us: {parts}"
    own = sum(size for name, size in heap.items() if name != "code")
    yield (
        f"heap, words of {bits} bits: {own} bytes, of these the model {heap['model']}, filters "
        f"and features {heap['pipeline']}, heads {heap['heads']}, next {heap['next']}; the code "
        f"of the node's core {heap['code']}"
    )
    if bits > 32:
        yield "a board has words of 32 bits and needs less: --port measures it there"


def _per_node(model: dict[str, Any]) -> str:
    parts = [f"table {model['table_bytes'] / model['nodes']:.1f} in RAM"]
    if model["inline_bytes"]:
        parts.append(f"inline {model['inline_bytes'] / model['nodes']:.1f} in code (xtensawin)")
    return f"bytes a node: {', '.join(parts)}"


def show_starts(starts: Mapping[str, Mapping[str, Reads]]) -> None:
    """Print what the starts of `bench.start.measure_starts` read."""
    what = {"power": _POWER, "wake": _WAKE}
    print("reads of the flash, and their bytes")
    for start, words in what.items():
        for layout, figures in starts.items():
            found = figures[start]
            print(f"{words:34}  {layout:10}  {found.reads:6,}  {found.bytes:9,}")


def show_starts_on(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Print what `bench.wake.measure_starts_on` measured."""
    for line in _starts_on(found):
        print(line)


def _starts_on(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    power, wake, flash = found["power"], found["wake"], found["flash"]
    yield f"{_POWER}: {power.get('absent') or 'imports {imports_s:.3f} s'.format(**power)}"
    words = "{s:.3f} s, of it imports {imports_s:.3f} s; boot and sensor come on top"
    yield f"{_WAKE}: {wake.get('absent') or words.format(**wake)}"
    words = "{read_us:.1f} us a read and {byte_us:.3f} us a byte"
    yield f"flash: {flash.get('absent') or words.format(**flash)}"
    if flashed := found.get("flashed"):
        yield (
            f"of the wake, without its {wake['reads']:,} reads: load {wake['load_s']:.3f} s, "
            f"decide and keep {wake['decide_s']:.3f} s"
        )
        yield (
            f"the same on a board that was flashed: {flashed['s']:.3f} s, with "
            f"{flashed['reads']:,} reads of {flashed['bytes']:,} bytes"
        )
