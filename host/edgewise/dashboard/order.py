"""The order of the cards: what needs attention first, then room by room."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgewise.dashboard.fleet import Node

__all__ = ["ATTENTION", "SORTS", "first_of", "name_key", "needs_attention", "sections"]

ATTENTION = "Needs attention"
_NO_ROOM, _OTHERS = "No room", "Other nodes"
_STATES = ("offline", "silent")

SORTS: dict[str, Callable[[Node], Any]] = {
    "Name": lambda node: (),
    "Warmest": lambda node: (node.t is None, -(node.t or 0)),
    "Coldest": lambda node: (node.t is None, node.t or 0),
    "Most humid": lambda node: (node.h is None, -(node.h or 0)),
    "Oldest reading": lambda node: node.ts or 0,
}


def name_key(name: str) -> list[str | int]:
    """A key that sorts names as people do: in any case, and Attic 2 before Attic 10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def needs_attention(node: Node, marks: int) -> bool:
    """Whether someone should look at a node; ``marks``: how many health remarks it has."""
    return node.state in _STATES or node.is_failing or node.has_two_boards or marks > 0


def sections(
    nodes: Sequence[Node], marks: Mapping[str, int], sort: str = "Name", search: str = ""
) -> list[tuple[str, list[Node]]]:
    """Title and nodes of each section; none is empty.

    ``search``: words that must all be in the names, room, class or state of a node, in any case.
    """
    words = search.casefold().split()
    urgent: list[Node] = []
    rooms: dict[str, list[Node]] = {}
    for node in sorted(nodes, key=lambda n: (SORTS[sort](n), name_key(n.title), n.name)):
        text = f"{node.title}\n{node.name}\n{node.room}\n{node.cls or ''}\n{node.state}".casefold()
        if not all(word in text for word in words):
            continue
        if needs_attention(node, marks.get(node.name, 0)):
            urgent.append(node)
        else:
            rooms.setdefault(node.room, []).append(node)
    urgent.sort(key=_urgency)
    rest = sorted(rooms.items(), key=lambda room: (not room[0], name_key(room[0])))
    has_rooms = any(node.room for node in nodes)
    no_room = _NO_ROOM if has_rooms else _OTHERS if urgent else ""
    found = [(ATTENTION, urgent), *((room or no_room, group) for room, group in rest)]
    return [(title, group) for title, group in found if group]


def first_of(
    found: Sequence[tuple[str, list[Node]]], n: int
) -> tuple[list[tuple[str, list[Node]]], int]:
    """The first ``n`` nodes of the sections, and how many are left out."""
    parts: list[tuple[str, list[Node]]] = []
    for title, group in found:
        room = n - sum(len(part) for _, part in parts)
        if room > 0:
            parts.append((title, group[:room]))
    left_out = sum(len(group) for _, group in found) - sum(len(part) for _, part in parts)
    return parts, left_out


def _urgency(node: Node) -> int:
    return _STATES.index(node.state) if node.state in _STATES else len(_STATES)
