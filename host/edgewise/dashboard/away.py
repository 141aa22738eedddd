"""A database that is away: the dashboard logs one line, waits, and never creates a new file."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from edgewise.database import reason

__all__ = ["shorten_database_error", "watch"]


def shorten_database_error(record: logging.LogRecord) -> bool:
    """Filter a log record: a database error becomes one line without a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, SQLAlchemyError):
        record.msg, record.args, record.exc_info = f"database: {reason(error)}", (), None
    return True


def watch(engine: Engine) -> None:
    """Make ``engine`` fail when its SQLite file was removed or replaced.

    Without this, an open connection keeps reading the removed file, and a new connection creates
    an empty one.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return
    path = Path(engine.url.database)

    def on_connecting(_dialect: Any, _record: Any, _args: Any, _kwargs: Any) -> None:
        if not path.exists():
            raise sqlite3.OperationalError(f"{path} is gone")

    def on_connect(_connection: Any, record: Any) -> None:
        record.info["file"] = path.stat().st_ino

    def on_checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        if not path.exists() or path.stat().st_ino != record.info["file"]:
            raise DisconnectionError

    engine.dispose()
    event.listen(engine, "do_connect", on_connecting)
    event.listen(engine, "connect", on_connect)
    event.listen(engine, "checkout", on_checkout)
