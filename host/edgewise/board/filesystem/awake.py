"""The code of a node that never sleeps: only a build changes whether a node sleeps."""

from __future__ import annotations

import ast
from collections.abc import Mapping

__all__ = ["awake"]

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
# methods of link.wifi for a connection without DHCP
_ASSUMING = ("assume", "_set_address", "remember")


def awake(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources without what only deep sleep needs; lines keep their numbers.

    ``sources``: path below the root of the board's file system -> source.
    """
    return {
        path: _drop_keeping(path, source)
        for path, source in sources.items()
        if path not in _SLEEP_FILES
    }


def _drop_keeping(path: str, source: str) -> str:
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.FunctionDef) and _is_for_sleep(node):
            for i in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[i] = "\n"
    return "".join(lines)


def _is_for_sleep(node: ast.FunctionDef) -> bool:
    if node.name in _KEEPING:
        return [argument.arg for argument in node.args.args] == _KEEPING_ARGUMENTS
    return node.name in _ASSUMING
