"""Rows for a database, as a collector would have written them."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine

from edgewise.database.schema import reading

PERIOD_S = 60


def row(node: str, seq: int, ts: float | None, **values: Any) -> dict[str, Any]:
    """A reading of the class empty at 21.5 degrees and 40 %RH."""
    defaults = {"t": 21.5, "h": 40.0, "cls": "empty", "p": 0.9, "err": None, "late": 0}
    return {
        "node": node,
        "boot": 1,
        "seq": seq,
        "ts": ts,
        "received_at": time.time() if ts is None else ts,
        **defaults,
        **values,
    }


def failure(**values: Any) -> dict[str, Any]:
    """What differs in a reading that failed."""
    return {"t": None, "h": None, "cls": None, "p": None, "err": "timeout", **values}


def store(engine: Engine, rows: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        connection.execute(reading.insert(), rows)


def rooms(node: str, n: int = 600, end: float | None = None) -> list[dict[str, Any]]:
    """A cold humid half and a warm dry one, a reading a minute, the last one now."""
    start = (time.time() if end is None else end) - PERIOD_S * (n - 1)
    return [
        row(
            node,
            i + 1,
            start + PERIOD_S * i,
            t=15.0 + (i * 7 % 5) / 10 + 8 * (2 * i >= n),
            h=60.0 - (i * 3 % 9) / 10 - 20 * (2 * i >= n),
        )
        for i in range(n)
    ]
