"""Limits that a forecast should not cross, and the events that say when it does."""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass

from sqlalchemy import Connection, select

from edgewise.database.schema import events
from edgewise.errors import InputError
from edgewise.forecasting.rolling import Outlook

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
    node = outlook.series.node
    at = crossing(outlook, limit)
    before = _state(connection, node, limit)
    if (at is not None) == (before is not None):
        return None
    to = (
        "ok"
        if at is None
        else f"{limit} expected at {time.strftime('%d %b %H:%M UTC', time.gmtime(at))}"
    )
    payload = {"ts": made_at, "boot": 0, "seq": 0, "event": EVENT, "limit": str(limit)}
    payload |= {"from": before or "ok", "to": to, "at": at}
    connection.execute(
        events.insert().values(
            node=node,
            boot=0,
            seq=0,
            ts=made_at,
            event=EVENT,
            payload=json.dumps(payload),
            received_at=made_at,
        )
    )
    return to


def _state(connection: Connection, node: str, limit: Limit) -> str | None:
    # What the last event of this limit said; None: all was well.
    query = (
        select(events.c.payload)
        .where(events.c.node == node, events.c.event == EVENT)
        .order_by(events.c.id.desc())
    )
    for (text,) in connection.execute(query):
        said = json.loads(text)
        if said.get("limit") == str(limit):
            return None if said["to"] == "ok" else str(said["to"])
    return None
