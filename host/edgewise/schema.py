"""The database: readings with their key, and what else a node says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.exc import SQLAlchemyError

from edgewise.errors import InputError, OutsideError
from edgewise.urls import check_db

__all__ = ["diag", "events", "label", "model", "open_db", "reading", "rejected"]

_metadata = MetaData()

# Times are unix seconds UTC, t in Celsius, h in %RH.
reading = Table(
    "reading",
    _metadata,
    Column("node", String(64), primary_key=True),
    Column("boot", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("ts", Float),
    Column("t", Float),
    Column("h", Float),
    Column("cls", String(64)),
    Column("p", Float),
    Column("err", String(32)),
    Column("late", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
)
Index("reading_node_ts", reading.c.node, reading.c.ts)
events = Table(
    "event",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("boot", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("ts", Float),
    Column("event", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("received_at", Float, nullable=False),
)
diag = Table(
    "diag",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("boot", Integer, nullable=False),
    Column("ts", Float),
    Column("payload", Text, nullable=False),
    Column("received_at", Float, nullable=False),
)
label = Table(
    "label",
    _metadata,
    Column("node", String(64), primary_key=True),
    Column("from_ts", Float, primary_key=True),
    Column("to_ts", Float, nullable=False),
    Column("cls", String(64), nullable=False),
    Column("author", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
)
model = Table(
    "model",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("installed_at", Float, nullable=False),
)
rejected = Table(
    "rejected",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("received_at", Float, nullable=False),
)


def open_db(url: str) -> Engine:
    """Open or create the database; InputError or OutsideError in one line when that fails."""
    engine = create_engine(check_db(url))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        if engine.url.database:
            folder = Path(engine.url.database).parent
            if not folder.is_dir():
                raise InputError(f"database folder {folder} does not exist: create it")
    try:
        _metadata.create_all(engine)
    except SQLAlchemyError as e:
        why = str(getattr(e, "orig", e)).splitlines()[0]
        where = engine.url.render_as_string(hide_password=True)
        raise OutsideError(f"database {where}: {why}: check the address and the rights") from e
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # WAL and NORMAL: a commit survives the end of the process; a power cut may take the last
    # commits but never the file.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
