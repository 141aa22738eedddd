from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.linux.computer import Computer, build_preload

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture(scope="session")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_preload(tmp_path_factory)


@pytest.fixture
def computer(tmp_path: Path, preload: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    folder = tmp_path / "computer"
    folder.mkdir()
    return Computer(folder, preload, monkeypatch)
