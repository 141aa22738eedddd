"""Days of readings whose next one is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edgewise.forecast.hourly import Hourly

START_S = 1_700_006_400  # midnight UTC
HOUR_S, DAY = 3600, 24


def wave(ts: float) -> tuple[float, float]:
    """Celsius and %RH of a room that is warm by day: the same every day."""
    angle = 2 * math.pi * (ts - START_S) / (DAY * HOUR_S)
    return round(21 + 3 * math.sin(angle), 1), round(45 - 6 * math.sin(angle), 1)


def rows(node: str, days: int, step_s: int = 600) -> list[dict[str, Any]]:
    """Rows of ``reading``, one every ten minutes."""
    readings = []
    for seq, ts in enumerate(range(START_S, START_S + days * DAY * HOUR_S, step_s)):
        t, h = wave(ts)
        row = {"node": node, "boot": 1, "seq": seq, "ts": ts, "t": t, "h": h, "cls": "a", "p": 0.9}
        readings.append({**row, "err": None, "late": 0, "received_at": ts})
    return readings


def make_hourly(days: int, noise: float = 0.0, step: float = 0.0) -> Hourly:
    """Temperature hour by hour; ``step``: Celsius that each day is above the one before."""
    rng = np.random.default_rng(3)
    ts = START_S + HOUR_S * (np.arange(days * DAY) + 0.5)
    y = np.array([wave(time_s)[0] for time_s in ts]) + rng.normal(0, noise or 1e-12, len(ts))
    return Hourly("n", "t", ts, y + step * (np.arange(len(ts)) // DAY))
