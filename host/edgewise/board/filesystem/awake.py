"""The code of a node that never sleeps, or has no TLS: only a build changes that."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

__all__ = ["awake", "undivided"]

_SLEEP_FILES = {
    "edgenode/sleep/__init__.py",
    "edgenode/core/kept.py",
    "edgenode/core/packed.py",
    "edgenode/core/pairs.py",
    "edgenode/drivers/power.py",
    "edgenode/link/nap.py",
    "edgenode/sleep/battery.py",
    "edgenode/sleep/wiring.py",
}
# the methods that put a part into the RTC memory, and take it from there
_KEEPING = ("save", "load")
_KEEPING_ARGUMENTS = ["self", "buf", "at"]
_MAIN, _HEAP = "main.py", "edgenode/start/heap.py"
_DIVIDING = "divide_heap"  # of main.py
# methods of link.wifi for a connection without DHCP
_ASSUMING = ("assume", "_set_address", "remember")


def awake(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources without what only deep sleep needs; lines keep their numbers.

    ``sources``: path below the root of the board's file system -> source.
    """
    return {
        path: _drop(source, _is_for_sleep)
        for path, source in sources.items()
        if path not in _SLEEP_FILES
    }


def undivided(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources without what divides the heap for TLS; lines keep their numbers."""
    rest = {path: source for path, source in sources.items() if path != _HEAP}
    return rest | {_MAIN: _drop(rest[_MAIN], _is_for_tls)}


def _is_for_tls(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == _DIVIDING
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == _DIVIDING
    )


def _drop(source: str, is_dropped: Callable[[ast.stmt], bool]) -> str:
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and is_dropped(node):
            for i in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[i] = "\n"
    return "".join(lines)


def _is_for_sleep(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    if node.name in _KEEPING:
        return [argument.arg for argument in node.args.args] == _KEEPING_ARGUMENTS
    return node.name in _ASSUMING
