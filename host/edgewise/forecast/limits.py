"""Limits that a forecast should not cross, and the events that say when it does."""

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
    """Read such as t>28 or h<30; InputError."""
    found = re.fullmatch(r"\s*([th])\s*([<>])\s*(-?\d+(?:\.\d+)?)\s*", text)
    if not found or not math.isfinite(float(found[3])):
        raise InputError(f"limit {text!r}: write such as 't>28' (Celsius) or 'h<30' (%RH)")
    return Limit(found[1], found[2], float(found[3]))


def crossing(outlook: Outlook, limit: Limit) -> float | None:
    """The first hour of the next day that is expected beyond the limit, unix seconds."""
    ahead = outlook.ahead
    beyond = ahead.yhat > limit.value if limit.side == ">" else ahead.yhat < limit.value
    return float(ahead.ts[beyond.argmax()]) if beyond.any() else None


def note(connection: Connection, outlook: Outlook, limit: Limit, made_at: float) -> str | None:
    """Write an event where the forecast begins or ceases to cross the limit; what it says.

    None: nothing new.
    """
    at = crossing(outlook, limit)
    when = at if at is None else time.strftime("%d %b %H:%M UTC", time.gmtime(at))
    to = when and f"{limit} expected at {when}"
    return note_change(connection, outlook.series.node, EVENT, str(limit), to, made_at, at=at)
