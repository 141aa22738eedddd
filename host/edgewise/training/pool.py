"""The pool of features that a training chooses from."""

from __future__ import annotations

from edgewise.features.table import Filters

__all__ = ["FILTERS", "LEVELS", "MEANS", "NO_FILTERS", "POOL", "WINDOWS", "filters_of"]

WINDOWS = (5, 15, 30, 60)  # readings
# Not in the pool: the dew point, which tells the same as absolute humidity.
_KINDS = (
    "level",
    "diff",
    "since",
    *(f"ema_{k}" for k in (3, 5, 7)),
    *(f"{kind}_{w}" for w in WINDOWS for kind in ("dev", "slope", "range", "std")),
)
# Averages are smooth levels. On held-out time of the UCI log they were within noise, on held-out
# nodes of the Intel log a point worse: the search tries them as an addition, not in every model.
MEANS = ("t_mean_10", "h_mean_10")
POOL = [*(f"{channel}_{kind}" for channel in "tha" for kind in _KINDS), *MEANS]
LEVELS = frozenset(name for name in POOL if name.endswith("_level") or name in MEANS)
FILTERS: Filters = [{"median": {"window_size": 3}}]
NO_FILTERS: Filters = []


def filters_of(filtered: bool) -> Filters:
    """Return the filters of the option --filters median (True) or none (False)."""
    return FILTERS if filtered else NO_FILTERS
