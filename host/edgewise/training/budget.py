"""What a model may cost, as limits that a tree cannot outgrow."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgewise.errors import InputError

__all__ = ["US_PER_VISIT", "Budget"]

# Counted instructions of the table form on an ESP32 with MicroPython 1.27: 29 us for the about 60
# nodes that ten trees visit.
US_PER_VISIT = 0.5


@dataclass(frozen=True)
class Budget:
    """``max_nodes``: of all trees, leaves included; ``max_bytes``: of the table; ``max_us``: of a
    prediction on an ESP32."""

    max_nodes: int = 500
    max_bytes: int | None = None
    max_us: float | None = None

    def leaves(self, trees: int, classes: int) -> int:
        """Leaves that each of ``trees`` may have at most; under 2 nothing fits."""
        limit = (self.max_nodes // trees + 1) // 2
        if self.max_bytes is not None:
            # 3 words and a root a tree; 4 words a split, of which there is one fewer than leaves;
            # a word a class and leaf
            room = self.max_bytes // 2 - 3 - trees + 4 * trees
            limit = min(limit, room // (trees * (4 + classes)))
        return limit

    def depth(self, trees: int) -> int | None:
        """Splits that each path may pass at most; None is no limit, under 1 nothing fits."""
        if self.max_us is None:
            return None
        return int(self.max_us / US_PER_VISIT / trees) - 1

    def check(self, classes: int) -> None:
        """Raise InputError naming the first limit within which not even one split fits."""
        cure = "raise it"
        if self.max_us is not None and not math.isfinite(self.max_us):
            raise InputError(f"--max-us {self.max_us}: give microseconds, or leave it out")
        if self.max_nodes < 3:
            raise InputError(f"--max-nodes {self.max_nodes}: a tree needs at least 3: {cure}")
        if self.leaves(1, classes) < 2:
            least = 2 * (3 + 1 + 4 + 2 * classes)
            raise InputError(
                f"--max-bytes {self.max_bytes}: one split of {classes} classes takes {least}: "
                f"{cure}"
            )
        depth = self.depth(1)
        if depth is not None and depth < 1:
            raise InputError(
                f"--max-us {self.max_us:g}: one split takes {2 * US_PER_VISIT:g} us: {cure}"
            )
