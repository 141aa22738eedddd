"""Two boards with one name: readings that clash, and lives of flash that take turns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, tuple_

from edgewise.database.schema import HOUR_S, TWO_BOARDS, clash, events, reading

__all__ = ["Key", "Lives", "clashes_of", "note_two_boards"]

Key = tuple[str, int, int]
_KEYS_MAX = 300  # in one query
_STARTS_MAX = 50
_VALUES = ("t", "h", "cls", "err")  # the time of a reading may come later than its values


@dataclass(frozen=True)
class _Start:
    boot: int
    life: str


def clashes_of(
    connection: Connection, rows: Sequence[dict[str, Any]], new_keys: Sequence[Key]
) -> list[dict[str, Any]]:
    """Rows of the table ``clash``: those of ``rows`` whose key has other values in ``reading``.

    ``new_keys``: of the rows that were inserted just now.
    """
    new = set(new_keys)
    others = []
    for row in rows:
        if _key(row) in new:
            new.discard(_key(row))
        else:
            others.append(row)
    found = []
    for start in range(0, len(others), _KEYS_MAX):
        part = others[start : start + _KEYS_MAX]
        stored = _values_of(connection, {_key(row) for row in part})
        found += [row for row in part if stored.get(_key(row), _values(row)) != _values(row)]
    return [_clash_row(row) for row in found]


def _key(row: dict[str, Any]) -> Key:
    return row["node"], row["boot"], row["seq"]


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in _VALUES)


def _values_of(connection: Connection, keys: set[Key]) -> dict[Key, tuple[Any, ...]]:
    c = reading.c
    query = select(reading).where(tuple_(c.node, c.boot, c.seq).in_(list(keys)))
    rows = connection.execute(query).mappings()
    return {_key(dict(row)): _values(row) for row in rows}


def _clash_row(row: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.blake2b(json.dumps(_values(row)).encode(), digest_size=16).hexdigest()
    return {c.name: row[c.name] for c in clash.c if c.name in row} | {"digest": digest}


class Lives:
    """The lives of each node's flash, from its starts; a life is drawn when a flash is written.

    Two boards use a name when a life that another one followed speaks again.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, list[_Start]] = {}  # the starts of each, the newest last

    def nodes_with_two(
        self,
        connection: Connection,
        readings: Sequence[dict[str, Any]],
        event_rows: Sequence[dict[str, Any]],
    ) -> set[str]:
        """The nodes for which these rows show it; `learn` takes them when they are stored."""
        nodes = set()
        for node, boot in {(row["node"], row["boot"]) for row in readings}:
            starts = self._starts_of(connection, node)
            life = next((s.life for s in reversed(starts) if s.boot == boot), None)
            if _is_over(starts, life):
                nodes.add(node)
        for node, start in _starts(event_rows):
            if _is_over(self._starts_of(connection, node), start.life):
                nodes.add(node)
        return nodes

    def learn(self, event_rows: Sequence[dict[str, Any]]) -> None:
        """Take the starts among rows that are stored now."""
        for node, start in _starts(event_rows):
            if node in self._nodes:
                self._nodes[node] = [*self._nodes[node], start][-_STARTS_MAX:]

    def _starts_of(self, connection: Connection, node: str) -> list[_Start]:
        if node not in self._nodes:
            query = (
                select(events)
                .where(events.c.node == node, events.c.event == "reset")
                .order_by(events.c.id.desc())
                .limit(_STARTS_MAX)
            )
            rows = [dict(row) for row in connection.execute(query).mappings()]
            self._nodes[node] = [start for _, start in _starts(rows[::-1])]
        return self._nodes[node]


def _starts(event_rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, _Start]]:
    for row in event_rows:
        if row["event"] == "reset":
            life = json.loads(row["payload"]).get("life")
            if isinstance(life, str):
                yield row["node"], _Start(row["boot"], life)


def _is_over(starts: Sequence[_Start], life: str | None) -> bool:
    lives = [start.life for start in starts]
    return life in lives and life != lives[-1]


def note_two_boards(node: str, now_s: float) -> dict[str, Any]:
    """The event that two boards use the name ``node``; one an hour, by its digest."""
    payload = {"ts": now_s, "boot": 0, "seq": 0, "event": TWO_BOARDS}
    return {
        "node": node,
        "boot": 0,
        "seq": 0,
        "ts": now_s,
        "event": TWO_BOARDS,
        "payload": json.dumps(payload),
        "received_at": now_s,
        "digest": f"{TWO_BOARDS} {now_s // HOUR_S:.0f}",
    }
