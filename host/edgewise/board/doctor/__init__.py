"""The checks of `edgewise doctor` on a board."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """One check: its name and what was ``found``; ``cure`` is empty when ``ok``."""

    name: str
    ok: bool
    required: bool
    found: str
    cure: str
