"""Fixtures: an empty SQLite file, an empty PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.database import postgres

from edgewise.urls import check_db


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="edge-") as folder,
        postgres.run_server(Path(folder)) as url,
    ):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'a.db'}"
        return
    server = request.getfixturevalue("server")
    engine = create_engine(check_db(server))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    yield server
