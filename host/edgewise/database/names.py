"""What people call a node: a friendly name and a room. Topics and keys have the node's id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, Engine, delete, insert, select

from edgewise.database import display_url
from edgewise.database.nodes import known_nodes
from edgewise.database.opening import one_at_a_time
from edgewise.database.schema import node_name
from edgewise.errors import InputError

__all__ = ["NodeName", "full_name", "nodes_in", "read_name", "read_names", "rooms", "set_name"]

_LENGTH_MAX = 64
_LISTED = 10


@dataclass(frozen=True)
class NodeName:
    """The friendly name and the room of the node with the id ``node``; "" where it has none."""

    node: str
    name: str = ""
    room: str = ""

    @property
    def title(self) -> str:
        """The name for a heading: the id where there is no friendly one."""
        return self.name or self.node

    @property
    def full(self) -> str:
        """The name for a list: several nodes may have one friendly name, so the id follows."""
        return f"{self.name} ({self.node})" if self.name else self.node


def read_names(connection: Connection) -> dict[str, NodeName]:
    """Node -> its names, for the nodes that have some."""
    return {row.node: NodeName(*row) for row in connection.execute(select(node_name))}


def read_name(connection: Connection, node: str) -> NodeName:
    """The names of ``node``."""
    row = connection.execute(select(node_name).where(node_name.c.node == node)).first()
    return NodeName(*row) if row else NodeName(node)


def full_name(names: Mapping[str, NodeName], node: str) -> str:
    """``node`` as people read it in a list."""
    return names.get(node, NodeName(node)).full


def rooms(connection: Connection) -> list[str]:
    """The rooms that have nodes, sorted."""
    query = select(node_name.c.room).where(node_name.c.room != "").distinct()
    return sorted(connection.scalars(query), key=str.casefold)


def nodes_in(engine: Engine, room: str) -> list[str]:
    """The nodes in ``room``, in whatever case it is written; InputError if it has none."""
    with engine.connect() as connection:
        known = rooms(connection)
        c, wanted = node_name.c, _clean("room", room).casefold()
        matches = [name for name in known if name.casefold() == wanted]
        nodes = list(connection.scalars(select(c.node).where(c.room.in_(matches))))
    if nodes:
        return sorted(nodes)
    listed = f"rooms are {', '.join(map(repr, known))}" if known else "no node has a room"
    raise InputError(
        f"{display_url(engine)}: no node is in room {room!r}: {listed}; "
        "edgewise name ID --room NAME puts one there"
    )


def set_name(
    engine: Engine, node: str, name: str | None = None, room: str | None = None
) -> NodeName:
    """Store the friendly name and the room of ``node`` [unchanged]; "" removes one.

    Raises InputError for a text that is too long or has invisible characters, and for a node that
    has sent nothing.
    """
    values = {
        key: _clean(key, text)
        for key, text in (("name", name), ("room", room))
        if text is not None
    }
    with engine.begin() as connection:
        one_at_a_time(connection)
        nodes = known_nodes(connection)
        if node not in nodes:
            raise InputError(
                f"{display_url(engine)}: node {node!r} has sent nothing: {_list(nodes)}"
            )
        if "room" in values:
            values["room"] = _spelling(connection, node, values["room"])
        new = replace(read_name(connection, node), **values)
        connection.execute(delete(node_name).where(node_name.c.node == node))
        if new.name or new.room:
            connection.execute(insert(node_name).values(asdict(new)))
    return new


def _spelling(connection: Connection, node: str, room: str) -> str:
    # lab and Lab are one room: the spelling of the nodes that are in it
    c = node_name.c
    others = connection.scalars(select(c.room).where(c.node != node).distinct())
    return next((other for other in others if other.casefold() == room.casefold()), room)


def _clean(what: str, text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) > _LENGTH_MAX:
        raise InputError(
            f"{what} {text[:20] + '...'!r}: {len(text)} characters: use {_LENGTH_MAX} at most"
        )
    if not text.isprintable():
        raise InputError(f"{what} {text!r}: it has invisible characters: leave them out")
    return text


def _list(nodes: list[str]) -> str:
    if not nodes:
        return "no node has; edgewise collect fills the database"
    more = f" and {len(nodes) - _LISTED} more" if len(nodes) > _LISTED else ""
    return f"nodes are {', '.join(nodes[:_LISTED])}{more}"
