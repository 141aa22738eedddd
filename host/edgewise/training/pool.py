"""The pool of features that a training chooses from."""

from __future__ import annotations

from edgewise.features.table import Filters

__all__ = ["FILTERS", "LEVELS", "NO_FILTERS", "POOL", "WINDOWS"]

WINDOWS = (5, 15, 30, 60)  # readings
# Not in the pool: mean, which is level - dev, and the dew point, which tells the same as absolute
# humidity. Both made trees worse on nodes that were not in the training rows.
_KINDS = (
    "level",
    "diff",
    "since",
    *(f"ema_{k}" for k in (3, 5, 7)),
    *(f"{kind}_{w}" for w in WINDOWS for kind in ("dev", "slope", "range", "std")),
)
POOL = [f"{channel}_{kind}" for channel in "tha" for kind in _KINDS]
LEVELS = frozenset(name for name in POOL if name.endswith("_level"))
FILTERS: Filters = [{"median": {"window_size": 3}}]
NO_FILTERS: Filters = []
