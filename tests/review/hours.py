"""Twelve hours of a node whose model is sure, but for three half hours."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine
from tests.dashboard.past import row, store

NODE, PERIOD_S, HALF_S = "n0", 30, 1800
UNSURE, SILENT, WRONG = 4, 12, 20  # numbers of half hours


def start_of(number: int, now_s: float | None = None) -> float:
    """The begin of half hour ``number`` of the 24 whole ones before now."""
    return ((time.time() if now_s is None else now_s) // HALF_S - 24 + number) * HALF_S


def fill(engine: Engine, node: str = NODE) -> float:
    """Store the readings of a closed window, and return the begin of the first half hour."""
    first_s = start_of(0)
    special: dict[int, dict[str, Any]] = {
        UNSURE: {"p": 0.55},
        SILENT: {"cls": None, "p": None},
        WRONG: {"cls": "open", "p": 0.95},
    }
    rows = []
    for i in range(24 * HALF_S // PERIOD_S):
        ts = first_s + PERIOD_S * i
        more = {"cls": "closed", "p": 0.98, **special.get(i * PERIOD_S // HALF_S, {})}
        rows.append(row(node, i, ts, t=21 + i % 3 / 10, h=40 + i % 5 / 10, **more))
    store(engine, rows)
    return first_s
