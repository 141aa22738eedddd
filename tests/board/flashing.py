"""`edgewise flash` in a folder with an image and a build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.board.firmware import build, firmware
from typer.testing import CliRunner, Result

from edgewise.board.flash import board
from edgewise.board.flash import build as builds
from edgewise.board.flash.image import parse
from edgewise.cli.main import app
from edgewise.errors import EdgewiseError

MB = 1 << 20


@pytest.fixture
def flash_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with m.bin and build/."""
    monkeypatch.chdir(tmp_path)
    Path("m.bin").write_bytes(firmware())
    build(Path("build"))
    return tmp_path


def run(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


def job(folder: Path, **options: Any) -> board.Job:
    image, node_build = parse("m.bin", firmware()), builds.read(folder / "build")
    defaults = {"erase": False, "baud": 460800, "before": "default-reset", "after": "hard-reset"}
    return board.Job(image, node_build, **{**defaults, **options})


def error(result: Result) -> str:
    assert isinstance(result.exception, EdgewiseError), result.output
    return str(result.exception)
