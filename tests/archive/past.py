"""Rows of a database with everything that readings can be."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import Engine
from tests.dashboard.past import failure, row, store

from edgewise.database.schema import label

DAY_S = 86400
START_S = 1_772_323_200.0  # 2026-03-01, midnight
STEP_S = 5400
NODES = ("attic", 'Küche \'n "Bad"', "日本/../a b%2F", "..")


def past(node: str, days: int = 70, first_seq: int = 1) -> list[dict[str, Any]]:
    """Readings from March to May: some failed, without a time, with a wrong clock, two at once."""
    rng = random.Random(f"{node} {first_seq}")
    rows = []
    for i in range(days * DAY_S // STEP_S):
        ts = START_S + STEP_S * i + rng.choice([0.0, 0.25])
        values: dict[str, Any] = {"t": rng.randint(150, 250) / 10, "h": rng.randint(300, 700) / 10}
        values |= {"cls": rng.choice(["warm", "cold", None]), "received_at": ts + rng.random()}
        kind = rng.random()
        if kind < 0.05:
            values |= failure()
        elif kind < 0.08:
            values |= {"ts": None}
        elif kind < 0.1:
            values |= {"ts": 7.0 + i, "clock": "unset"}
        elif kind < 0.12:
            values |= {"ts": ts + 400 * DAY_S, "clock": "ahead"}
        elif kind < 0.2 and rows and rows[-1]["ts"] and "clock" not in rows[-1]:
            values |= {"ts": rows[-1]["ts"], "u": 0.5, "more": '{"x": "é"}', "late": 1}
        rows.append(row(node, first_seq + i, values.pop("ts", ts), **values))
    return rows


def fill(engine: Engine, rows: list[dict[str, Any]]) -> None:
    """Store rows that do not all have the same columns."""
    columns = {"clock": None, "u": None, "more": None}
    store(engine, [{**columns, **values} for values in rows])


def teach(engine: Engine, node: str, first_day: float, last_day: float, cls: str) -> None:
    """Label days of `past`; the later call is the newer label."""
    with engine.begin() as connection:
        n = len(connection.execute(label.select()).all())
        connection.execute(
            label.insert().values(
                node=node,
                from_ts=START_S + DAY_S * first_day,
                to_ts=START_S + DAY_S * last_day,
                cls=cls,
                author="test",
                created_at=float(n),
            )
        )
