"""Where the node's files are: in a checkout; test_wheel.py: in the wheel."""

from __future__ import annotations

from pathlib import Path

from edgewise import paths


def test_node_files_of_the_checkout(repo: Path) -> None:
    files = paths.node_files()
    firmware = repo / "firmware"
    expected = {p.relative_to(firmware).as_posix(): p for p in firmware.rglob("*.py")}
    assert files == expected
