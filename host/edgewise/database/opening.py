"""Opens a database, creates it, or upgrades it to this version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from edgewise.errors import InputError, OutsideError
from edgewise.urls import check_db

__all__ = [
    "HEAD",
    "display_url",
    "missing_file",
    "naming_database",
    "one_at_a_time",
    "open_db",
    "reason",
]

HEAD = "0011"
_SQLITE_HEAD = b"SQLite format 3\0"  # sqlite.org/fileformat.html, 1.3.1
_FIRST = "0001"  # the version of a database without the table alembic_version
_LOCK = 0x45444745  # number of the advisory lock in PostgreSQL
_POSTGRESQL_DEFAULTS = {"connect_timeout": 5}


def open_db(url: str, create: bool = True) -> Engine:
    """An engine of the database, which is created or upgraded to this version first.

    ``create``: whether a missing SQLite file may be created. InputError or OutsideError, in one
    line, when that fails or when the database is of a later version.
    """
    engine = _engine(make_url(check_db(url)))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        missing = missing_file(url)
        if missing is not None and not create:
            raise InputError(f"database {missing} does not exist: check the path")
        if missing is None and engine.url.database:
            _check_tables(Path(engine.url.database))
    with naming_database(engine), engine.begin() as connection:
        version = _version(connection)
        if version != HEAD:
            _upgrade(connection, display_url(engine))
    return engine


def missing_file(url: str) -> Path | None:
    """The SQLite file of ``url`` if it is not there; InputError if its folder is not either."""
    address = make_url(check_db(url))
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    path = Path(address.database)
    if not path.parent.is_dir():
        raise InputError(f"database folder {path.parent} does not exist: create it")
    return None if path.exists() else path


def display_url(engine: Engine) -> str:
    """The address of the database for people, without its password."""
    query = {key: "***" if "password" in key else v for key, v in engine.url.query.items()}
    return engine.url.set(query=query).render_as_string(hide_password=True)


def reason(error: SQLAlchemyError) -> str:
    """The message of the database or its driver, in one line."""
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def naming_database(engine: Engine) -> Iterator[None]:
    """Turn a database error in the block into an OutsideError that names the database."""
    try:
        yield
    except SQLAlchemyError as e:
        url = display_url(engine)
        raise OutsideError(f"database {url}: {reason(e)}: check the address and the rights") from e


def one_at_a_time(connection: Connection) -> None:
    """Take a lock until the transaction ends; others that call this wait for it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    else:
        connection.execute(text("BEGIN IMMEDIATE"))


def _engine(url: URL) -> Engine:
    defaults = _POSTGRESQL_DEFAULTS if url.get_backend_name() == "postgresql" else {}
    options = {key: value for key, value in defaults.items() if key not in url.query}
    # pre-ping, because the server may have been restarted
    return create_engine(url, connect_args=options, pool_pre_ping=True)


def _check_tables(path: Path) -> None:
    # Before anything is written: it may be the database of another program.
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_HEAD))
        if head and head != _SQLITE_HEAD:
            raise OutsideError(f"database {path}: file is not a database: name another file")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    except (OSError, sqlite3.Error):
        return  # opening it tells why
    if names and "reading" not in names:
        raise InputError(f"database {path}: of another program: name another file")


def _version(connection: Connection) -> str | None:
    """The version of the database; "" for tables without a version, None for no tables."""
    names = set(inspect(connection).get_table_names())
    if "alembic_version" in names:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    return "" if "reading" in names else None


def _upgrade(connection: Connection, url: str) -> None:
    from alembic import command
    from alembic.config import Config

    from edgewise.database.schema import metadata
    from edgewise.database.versions.v0011_months import split

    one_at_a_time(connection)
    version = _version(connection)  # read again: another process may have upgraded it
    config = Config()
    config.set_main_option("script_location", "edgewise:database")
    config.attributes["connection"] = connection
    if version and version > HEAD:
        raise InputError(f"database {url}: of a later Edgewise ({version}): upgrade Edgewise")
    if version is None:
        metadata.create_all(connection)
        split(connection)
        command.stamp(config, HEAD)
        return
    if version == "":
        command.stamp(config, _FIRST)
    command.upgrade(config, "head")


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout=60000")  # first: the next waits for others as well
    # WAL and FULL: each commit is on the disk when it returns, so that a power cut takes none.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
