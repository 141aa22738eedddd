"""A zone that is none is one line."""

from __future__ import annotations

from pathlib import Path

from tests.command import edgewise


def test_a_zone_that_is_none(tmp_path: Path) -> None:
    result = edgewise("dashboard", "--db", "sqlite:///a.db", "--tz", "Mars/Base", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "error: --tz Mars/Base: no such zone: write one such as Europe"
    )
    assert not list(tmp_path.iterdir())
