"""What a node itself forecasts for the next hour."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, select

from edgewise.dashboard.fleet import PERIOD_S, Node
from edgewise.database.schema import outlook

__all__ = ["Ahead", "read_ahead"]

_PERIODS = 3  # the forecast of an older reading is out of date


@dataclass(frozen=True)
class Ahead:
    """``t``: Celsius, ``h``: %RH in ``minutes`` minutes, each within plus and minus its band."""

    minutes: int
    t: float
    h: float
    t_band: float
    h_band: float


def read_ahead(engine: Engine, node: Node, now_s: float) -> list[Ahead]:
    """The node's forecasts from its newest readings for times after ``now_s``, soonest first."""
    if node.ts is None:
        return []
    c = outlook.c
    first_s = node.ts - _PERIODS * (node.period_s or PERIOD_S)
    query = (
        select(c.minutes, c.t, c.h, c.t_band, c.h_band)
        .where(c.node == node.name, c.ts >= first_s, c.ts + 60 * c.minutes > now_s)
        .order_by(c.minutes)
    )
    with engine.connect() as connection:
        return [Ahead(*row) for row in connection.execute(query)]
