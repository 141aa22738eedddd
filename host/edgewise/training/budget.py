"""The cost limits of a model, as limits on the trees."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edgewise.errors import InputError

__all__ = ["US_PER_VISIT", "Budget"]

# From counted instructions of the table form on an ESP32 with MicroPython 1.27: ten trees visit
# about 60 nodes in 29 us.
US_PER_VISIT = 0.5
# Larger limits limit nothing: the table has 16-bit indices, and a path is shorter than a table.
_NODES_MAX, _US_MAX = 65_535, 65_535.0


@dataclass(frozen=True)
class Budget:
    """``max_nodes``: nodes of all trees, leaves included; ``max_bytes``: size of the table;
    ``max_us``: time of a prediction on an ESP32."""

    max_nodes: int = 500
    max_bytes: int | None = None
    max_us: float | None = None

    def leaves(self, trees: int, classes: int) -> int:
        """Return the most leaves that each of ``trees`` may have; under 2 nothing fits."""
        limit = (min(self.max_nodes, _NODES_MAX) // trees + 1) // 2
        if self.max_bytes is not None:
            # 3 words; for each tree its root; for each split 4 words, with one split fewer than
            # leaves in a tree; for each leaf a word for each class
            words = self.max_bytes // 2 - 3 - trees + 4 * trees
            limit = min(limit, words // (trees * (4 + classes)))
        return limit

    def depth(self, trees: int) -> int | None:
        """Return the most splits on a path; None is no limit, under 1 nothing fits."""
        if self.max_us is None:
            return None
        return int(min(self.max_us, _US_MAX) / US_PER_VISIT / trees) - 1

    def check(self, classes: int) -> None:
        """Raise InputError with the first limit that is too low for even one split."""
        cure = "raise it"
        if self.max_us is not None and not math.isfinite(self.max_us):
            raise InputError(f"--max-us {self.max_us}: give microseconds, or leave it out")
        if self.max_nodes < 3:
            raise InputError(f"--max-nodes {self.max_nodes}: a tree needs at least 3: {cure}")
        if self.leaves(1, classes) < 2:
            min_bytes = 2 * (3 + 1 + 4 + 2 * classes)
            raise InputError(
                f"--max-bytes {self.max_bytes}: one split of {classes} classes takes {min_bytes}: "
                f"{cure}"
            )
        depth = self.depth(1)
        if depth is not None and depth < 1:
            raise InputError(
                f"--max-us {self.max_us:g}: one split takes {2 * US_PER_VISIT:g} us: {cure}"
            )
