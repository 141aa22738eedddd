"""Events that the host writes: a condition of a node begins or is over."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from edgewise.database.schema import events

__all__ = ["OK", "note_change"]

OK = "ok"


def note_change(
    connection: Connection,
    node: str,
    event: str,
    about: str,
    to: str | None,
    now_s: float,
    **extra: Any,
) -> str | None:
    """Write an event if the condition ``about`` has begun or ended; return its text.

    ``to`` is the text of a condition that holds, None if it does not hold. The text of an event
    that ends it is "ok". ``extra`` goes into the payload. Returns None, and writes nothing, while
    the condition stays as it is.
    """
    last_text = _last_note(connection, node, event, about)
    if (to is None) == (last_text in (None, OK)):
        return None
    new_text = to or OK
    payload = {"ts": now_s, "boot": 0, "seq": 0, "event": event, "about": about}
    payload |= {"from": last_text or OK, "to": new_text, **extra}
    row = {"node": node, "boot": 0, "seq": 0, "ts": now_s, "event": event}
    text = json.dumps(payload)
    connection.execute(events.insert().values(**row, payload=text, received_at=now_s))
    return new_text


def _last_note(connection: Connection, node: str, event: str, about: str) -> str | None:
    # events that nodes sent have a digest
    query = (
        select(events.c.payload)
        .where(events.c.node == node, events.c.event == event, events.c.digest.is_(None))
        .order_by(events.c.id.desc())
    )
    for (text,) in connection.execute(query):
        payload = json.loads(text)
        if payload.get("about") == about:
            return str(payload["to"])
    return None
