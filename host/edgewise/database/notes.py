"""Events of the host's own: a matter of a node that begins, or is over."""

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
    **more: Any,
) -> str | None:
    """Write an event where ``about`` begins, in the words ``to``, or is over, None.

    Returns what the event says; None where nothing has changed since the last one.
    """
    before = _last_note(connection, node, event, about)
    if (to is None) == (before in (None, OK)):
        return None
    said = to or OK
    payload = {"ts": now_s, "boot": 0, "seq": 0, "event": event, "about": about}
    payload |= {"from": before or OK, "to": said, **more}
    row = {"node": node, "boot": 0, "seq": 0, "ts": now_s, "event": event}
    text = json.dumps(payload)
    connection.execute(events.insert().values(**row, payload=text, received_at=now_s))
    return said


def _last_note(connection: Connection, node: str, event: str, about: str) -> str | None:
    # a node that says the like has a digest
    query = (
        select(events.c.payload)
        .where(events.c.node == node, events.c.event == event, events.c.digest.is_(None))
        .order_by(events.c.id.desc())
    )
    for (text,) in connection.execute(query):
        said = json.loads(text)
        if said.get("about") == about:
            return str(said["to"])
    return None
