"""The form in which a node runs its model."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Form"]


class Form(StrEnum):
    """``inline``: native code with all trees; ``table``: a table of nodes that a walker follows;
    ``auto``: one of the two, by size."""

    auto = "auto"
    inline = "inline"
    table = "table"
