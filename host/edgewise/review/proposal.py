"""A period that is worth a label, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["DIFFERENT", "UNSURE", "UNUSUAL", "Proposal", "Span"]

UNUSUAL, DIFFERENT, UNSURE = "unusual", "different", "unsure"


class Span(NamedTuple):
    """A period from ``from_s`` to before ``to_s``, in unix seconds."""

    from_s: float
    to_s: float

    @property
    def middle_s(self) -> float:
        return (self.from_s + self.to_s) / 2

    def overlaps(self, other: Span) -> bool:
        """Whether a moment is in both."""
        return self.from_s < other.to_s and other.from_s < self.to_s


@dataclass(frozen=True)
class Proposal:
    """``kind``: UNUSUAL, DIFFERENT or UNSURE; ``words``: why, for people.

    ``cls``: the class that is proposed, None without one. ``usefulness``: 0 to 1.
    """

    span: Span
    kind: str
    words: str
    cls: str | None
    usefulness: float
