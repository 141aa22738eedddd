"""Limits that a forecast should not cross, and the events for a forecast that does."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from edgewise.database.notes import note_change
from edgewise.errors import InputError
from edgewise.forecast.rolling import Outlook

__all__ = ["EVENT", "Limit", "crossing", "note", "parse_limit"]

EVENT = "forecast"


@dataclass(frozen=True)
class Limit:
    """``channel`` should not be ``side`` (> or <) ``value`` (Celsius or %RH)."""

    channel: str
    side: str
    value: float

    def __str__(self) -> str:
        return f"{self.channel}{self.side}{self.value:g}"


def parse_limit(text: str) -> Limit:
    """The limit in a text such as t>28 or h<30; InputError."""
    match = re.fullmatch(r"\s*([th])\s*([<>])\s*(-?\d+(?:\.\d+)?)\s*", text)
    if not match or not math.isfinite(float(match[3])):
        raise InputError(f"limit {text!r}: write such as 't>28' (Celsius) or 'h<30' (%RH)")
    return Limit(match[1], match[2], float(match[3]))


def crossing(outlook: Outlook, limit: Limit) -> float | None:
    """The first hour of the next day that is forecast beyond the limit, unix seconds, or None."""
    ahead = outlook.ahead
    is_beyond = ahead.yhat > limit.value if limit.side == ">" else ahead.yhat < limit.value
    return float(ahead.ts[is_beyond.argmax()]) if is_beyond.any() else None


def note(connection: Connection, outlook: Outlook, limit: Limit, made_at: float) -> str | None:
    """Write an event if the forecast has begun or stopped to cross the limit; return its text.

    None: there is no new event.
    """
    cross_s = crossing(outlook, limit)
    text = None
    if cross_s is not None:
        date = time.strftime("%d %b %H:%M UTC", time.gmtime(cross_s))
        text = f"{limit} expected at {date}"
    node = outlook.series.node
    return note_change(connection, node, EVENT, str(limit), text, made_at, at=cross_s)
