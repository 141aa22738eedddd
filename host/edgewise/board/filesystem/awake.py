"""The code of a node that never sleeps: only a build changes whether a node sleeps."""

from __future__ import annotations

import ast
from collections.abc import Mapping

__all__ = ["awake"]

_SLEEP_FILES = {
    "edgenode/sleep/__init__.py",
    "edgenode/core/kept.py",
    "edgenode/core/packed.py",
    "edgenode/drivers/power.py",
    "edgenode/link/nap.py",
    "edgenode/sleep/battery.py",
    "edgenode/sleep/wiring.py",
}
# how a part goes into the RTC memory and comes back
_KEEPING = {("save", ("self", "buf", "at")), ("load", ("self", "buf", "at"))}


def awake(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources without what only deep sleep needs; lines keep their numbers.

    ``sources``: path below the root of the board's file system -> source.
    """
    return {
        path: _without_keeping(path, source)
        for path, source in sources.items()
        if path not in _SLEEP_FILES
    }


def _without_keeping(path: str, source: str) -> str:
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.FunctionDef):
            if (node.name, tuple(a.arg for a in node.args.args)) in _KEEPING:
                for i in range(node.lineno - 1, node.end_lineno or node.lineno):
                    lines[i] = "\n"
    return "".join(lines)
