"""``edgewise name``: give a node a friendly name and a room."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import Db, DbPasswordFile, JsonFlag
from edgewise.console import emit_json, err, printable
from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.database.names import NodeName

EXAMPLES = (
    "edgewise name --db sqlite:///edgewise.db",
    'edgewise name a1b2c3 --name "Window, left" --room lab --db sqlite:///edgewise.db',
    'edgewise name a1b2c3 --room "" --db sqlite:///edgewise.db',
)


def name(
    db: Db,
    node: Annotated[str | None, typer.Argument(metavar="ID", help="Node [all]")] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="TEXT", help='Its friendly name; "" removes it'),
    ] = None,
    room: Annotated[
        str | None,
        typer.Option("--room", metavar="NAME", help='The room it is in; "" removes it'),
    ] = None,
    db_password_file: DbPasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """Give a node a friendly name and a room, or list those of all nodes.

    Pages and messages then show the friendly name; topics and the database keep the node's id.
    """
    from edgewise.database import naming_database, open_db
    from edgewise.database.names import NodeName, read_names, set_name
    from edgewise.database.nodes import known_nodes
    from edgewise.urls import db_with_password

    changes = {"name": name, "room": room}
    if node is None and any(text is not None for text in changes.values()):
        raise InputError("--name, --room: name the node as well: edgewise name ID --room NAME")
    engine = open_db(db_with_password(db, db_password_file), create=False)
    with naming_database(engine):
        if node is not None:
            rows = [set_name(engine, node, name, room)]
        else:
            with engine.connect() as connection:
                names = read_names(connection)
                nodes = {*known_nodes(connection), *names}
            rows = [names.get(n, NodeName(n)) for n in sorted(nodes)]
    _print_table(rows)
    if json:
        emit_json({"nodes": [asdict(row) for row in rows]})


def _print_table(rows: list[NodeName]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for column in ("node", "name", "room"):
        table.add_column(column)
    for row in rows:
        table.add_row(*(escape(printable(text or "-")) for text in (row.node, row.name, row.room)))
    err().print(table)
