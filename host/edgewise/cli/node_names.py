"""Names and rooms of nodes, which the database of ``--db`` knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import DB_ENV, db_or_none, topic_part
from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.database.names import NodeName

__all__ = ["DbOrNone", "NodesOption", "names_reader", "resolve_nodes"]

_ROOM = "room:"


def _node_or_room(param: typer.CallbackParam, text: str) -> str:
    if not text.startswith(_ROOM):
        return str(topic_part(param, text))
    if not text.removeprefix(_ROOM).strip():
        raise InputError(f"--node {text}: name a room as well, such as room:lab")
    return text


NodesOption = Annotated[
    str,
    typer.Option(
        "--node",
        metavar="ID|all|room:NAME",
        callback=_node_or_room,
        help="Name of the node, all, or the nodes of a room of --db",
    ),
]
DbOrNone = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="Database that knows the names and rooms of nodes (edgewise name)",
    ),
]


def resolve_nodes(node: str, db: str | None, db_password_file: Path | None) -> list[str]:
    """The nodes that ``--node`` names; empty for "all".

    Raises InputError for a room that no node is in, or without a database to look it up.
    """
    if not node.startswith(_ROOM):
        return [] if node == "all" else [node]
    url = db_or_none(db or os.environ.get(DB_ENV), db_password_file)
    if url is None:
        raise InputError(f"--node {node}: name the database that knows the rooms with --db")
    from edgewise.database import naming_database, open_db
    from edgewise.database.names import nodes_in

    engine = open_db(url, create=False)
    with naming_database(engine):
        return nodes_in(engine, node.removeprefix(_ROOM))


def names_reader(
    db: str | None, db_password_file: Path | None
) -> Callable[[], Mapping[str, NodeName]]:
    """Return a function that reads the names of the nodes; without a database there are none."""
    url = db_or_none(db, db_password_file)
    if url is None:
        return dict
    from edgewise.database import naming_database, open_db
    from edgewise.database.names import read_names

    engine = open_db(url, create=False)

    def read() -> Mapping[str, NodeName]:
        with naming_database(engine), engine.connect() as connection:
            return read_names(connection)

    return read
