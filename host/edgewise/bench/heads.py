"""All heads at once, for the bench: memory, detector, forecasts and unsure readings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.headcheck import LIMIT_MAX

__all__ = ["FEATURES", "all_heads"]

# A fixed list, as the one of bench.subject: those of models/occupancy, both averages, and four
# that only a detector watches.
FEATURES = [
    *(f"t_{kind}" for kind in ("level", "ema_3", "ema_5", "ema_7", "range_60", "std_60")),
    *(f"t_{kind}_{n}" for n in (30, 60) for kind in ("dev", "slope")),
    *(f"h_{kind}" for kind in ("level", "ema_5", "ema_7", "std_5", "std_60", "slope_15")),
    *(f"h_{kind}" for kind in ("range_15", "std_15", "dev_30", "range_30", "range_60")),
    *(f"a_{kind}" for kind in ("level", "ema_5", "ema_7", "std_15", "range_30", "std_30")),
    *(f"a_{kind}_60" for kind in ("dev", "slope", "range")),
    *(f"{channel}_{kind}" for channel in "th" for kind in ("mean_10", "range_5", "since")),
]
_WATCHED = [name for name in FEATURES if name[2:7] in ("range", "since")]


def all_heads(x: NDArray[np.int16]) -> dict[str, Any]:
    """Return ``heads`` of a contract with the classes 0 and 1.

    ``x``: int16[rows, FEATURES]. No row is beyond a limit: an episode is told on the heap.
    """
    columns = [FEATURES.index(name) for name in _WATCHED]
    watched = x[:, columns].astype(np.int64)
    return {
        "temporal": {"step": [4056, 40, 80, 4016], "said": [4095, 900, 500, 4095] * 2},
        "unsure": {"readings": 15, "p": 60},
        "detector": {
            "feature": columns,
            "usual": np.quantile(watched, 0.9, axis=0).astype(int).tolist(),
            "limit": np.clip(2 * watched.max(axis=0), 1, LIMIT_MAX).tolist(),
        },
        "next": {
            "minutes": [30, 60],
            "k": 5,
            "t": [151, 264],
            "h": [192, 338],
            "t_band": [28, 44],
            "h_band": [60, 102],
        },
    }
