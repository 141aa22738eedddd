"""How a node runs its model."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Form"]


class Form(StrEnum):
    """``inline``: native code with all trees; ``table``: nodes that are walked; ``auto``: by
    size."""

    auto = "auto"
    inline = "inline"
    table = "table"
