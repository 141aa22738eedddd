"""The rooms of the house as their own first lines describe them, and as their files use them.

A room is a package of the host or of the node. The docstring of its ``__init__`` ends with
``May import: a, b.`` or ``May import: nothing.``; the files that stand alone have no list and
import each other and nothing else of Edgewise.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
HOST = REPO / "host" / "edgewise"
NODE = REPO / "firmware" / "edgenode"
# MicroPython files
_FOREIGN = (
    HOST / "simulator" / "board",
    HOST / "toolchain" / "board",
    HOST / "linux" / "board",
    HOST / "bench" / "node",
)
_LIST = re.compile(r"May import: ([\w, ]+)\.")
# On the node a docstring would cost memory: room -> the rooms that it imports.
NODE_MAY: dict[str, set[str]] = {
    "core": set(),
    "errors": set(),
    "drivers": {"core"},
    "link": {"core", "errors"},
    "settings": {"core", "errors"},
    "update": {"core"},
    "commands": {"core", "drivers", "errors", "settings"},
    "app": {"core"},
    "output_node": {"app"},
    "start": {"app", "core", "drivers", "errors", "link", "output_node", "update"},
    "sleep": {"core", "drivers", "errors", "link", "start"},
    "board": {
        "commands",
        "core",
        "drivers",
        "errors",
        "link",
        "settings",
        "sleep",
        "start",
        "update",
    },
}


@dataclass(frozen=True)
class Room:
    """``purpose``: the first sentence; ``may``: the rooms it may import; ``uses``: those it does,
    each with the files that import it."""

    name: str
    purpose: str
    may: frozenset[str]
    uses: dict[str, list[str]]


def files_of(root: Path) -> list[Path]:
    """Every Python file below ``root`` that belongs to a room."""
    return [p for p in sorted(root.rglob("*.py")) if not set(_FOREIGN) & set(p.parents)]


def room_of(path: Path, root: Path) -> str:
    """The room of a file: the folder below ``root``, or the name of a loose module."""
    return path.relative_to(root).parts[0].removesuffix(".py")


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Dotted name of every import, `from a import b` as a.b, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            ancestors = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*ancestors, node.module or ""]).strip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def room_names(root: Path) -> list[str]:
    """The rooms below ``root`` and the loose modules."""
    return sorted({room_of(path, root) for path in files_of(root)} - {"__init__"})


@cache
def rooms(root: Path) -> dict[str, Room]:
    """All rooms below ``root`` and the loose modules, by name."""
    by_name: dict[str, Room] = {}
    names = {room_of(path, root) for path in files_of(root)}
    for name in room_names(root):
        by_name[name] = Room(name, *_read_docstring(root, name), {})
    for path in files_of(root):
        name = room_of(path, root)
        for target in _find_imported_rooms(path, root, names):
            if name in by_name and target != name:
                by_name[name].uses.setdefault(target, []).append(path.relative_to(root).as_posix())
    return by_name


def _read_docstring(root: Path, name: str) -> tuple[str, frozenset[str]]:
    init = root / name / "__init__.py"
    text = ast.get_docstring(parse(init if init.is_file() else root / f"{name}.py")) or ""
    match = _LIST.search(" ".join(text.split()))
    may = {entry.strip() for entry in match[1].split(",")} if match else set()
    return text.splitlines()[0] if text else "", frozenset(may - {"nothing"})


def _find_imported_rooms(path: Path, root: Path, names: set[str]) -> set[str]:
    package = ".".join(path.relative_to(root.parent).parent.parts)
    parts = [name.split(".") for name in imports(parse(path), package)]
    return {p[1] for p in parts if p[0] == root.name and len(p) > 1 and p[1] in names}


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of rooms that reach each other, each sorted; empty when there is an order."""
    reachable = {name: _reachable(arrows, name) for name in arrows}
    groups = {
        tuple(sorted(peer for peer in reachable[name] if name in reachable.get(peer, set())))
        for name in arrows
        if name in reachable[name]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(arrows: dict[str, set[str]], start: str) -> set[str]:
    names: set[str] = set()
    queue = [start]
    while queue:
        for name in arrows.get(queue.pop(), set()) - names:
            names.add(name)
            queue.append(name)
    return names
