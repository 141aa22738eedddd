"""The names of nodes: one rule for topics, files, the broker's users and Home Assistant."""

from __future__ import annotations

import re

__all__ = ["OPERATOR", "name_error"]

OPERATOR = "operator"
"""The broker's user who collects and commands."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_RULE = "use 1 to 32 letters, digits, - and _, the first a letter or a digit"
_RESERVED = {OPERATOR: "is the name of who collects", "all": "stands for every node"}


def name_error(node: str) -> str | None:
    """Return what is wrong with a node's name, with the cure; None if nothing is."""
    if node in _RESERVED:
        return f"{_RESERVED[node]}: choose another"
    if _NAME.fullmatch(node):
        return None
    similar = re.sub(r"[^A-Za-z0-9_-]+", "-", node).strip("-_")[:32]
    return f"not a name for a node: {_RULE}" + (f", such as {similar}" if similar else "")
