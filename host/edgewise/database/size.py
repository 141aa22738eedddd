"""How large a database is, and how much room its disk has."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy import Engine, text

__all__ = ["disk_free", "size_of"]


def size_of(engine: Engine) -> int:
    """The bytes of the database, of SQLite with its write-ahead log."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            size = connection.scalar(text("SELECT pg_database_size(current_database())"))
        return int(size or 0)
    path = _file(engine)
    parts = [path, path.with_name(f"{path.name}-wal")] if path else []
    return sum(part.stat().st_size for part in parts if part.exists())


def disk_free(engine: Engine) -> int | None:
    """The free bytes of the disk of an SQLite file; None for a server, which knows its own."""
    path = _file(engine)
    return shutil.disk_usage(path.parent).free if path and path.parent.is_dir() else None


def _file(engine: Engine) -> Path | None:
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    return Path(engine.url.database).absolute()
