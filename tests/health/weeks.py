"""Nodes with a past of days, a reading every ten minutes, in a database."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sqlalchemy import Engine

from edgewise.database.schema import reading

DAY_S = 86400
NOW_S = 1_700_006_400 + 10 * DAY_S  # midnight UTC: ten whole days have passed
STEP_S = 600

Change = Callable[[float], dict[str, Any]]


def days_ago(ts: float) -> float:
    return (NOW_S - ts) / DAY_S


def rows(
    node: str, change: Change = lambda ts: {}, days: int = 10, seed: int = 1, step_s: int = STEP_S
) -> Iterator[dict[str, Any]]:
    """A room that is warm by day; ``change(ts)`` says what is otherwise."""
    rng = np.random.default_rng(seed)
    for seq, ts in enumerate(range(NOW_S - days * DAY_S, NOW_S, step_s)):
        wave = math.sin(2 * math.pi * ts / DAY_S)
        t = round(21 + wave + rng.normal(0, 0.1), 1)
        h = round(45 - 3 * wave + rng.normal(0, 0.3), 1)
        row = {"node": node, "boot": 1, "seq": seq, "ts": ts, "t": t, "h": h, "cls": None}
        row |= {"p": None, "err": None, "late": 0, "received_at": ts}
        yield row | change(ts)


def failure(err: str) -> dict[str, Any]:
    return {"t": None, "h": None, "cls": None, "p": None, "err": err}


def store(engine: Engine, *nodes: Iterator[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        for node in nodes:
            connection.execute(reading.insert(), list(node))
