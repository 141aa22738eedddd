"""An empty database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.database.databases import server, url  # noqa: F401 - fixtures

from edgewise.database import open_db


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_db(f"sqlite:///{tmp_path / 'h.db'}")
    yield engine
    engine.dispose()
