"""The node's side of the bench: its scripts, what they work with, and how much work it is."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgewise import paths
from edgewise.toolchain import mpycross

__all__ = ["BOARD", "PC", "Size", "core_files", "inline_code"]


@dataclass(frozen=True)
class Size:
    """The amount of work.

    ``rows``: rows to compare; ``timed``: rows to time, by part; ``frames``: frames through the
    whole step; ``rounds``: rounds of at least ``round_us`` each; ``repeats``: how often all that
    is repeated.
    """

    rows: int
    timed: dict[str, int]
    frames: int
    rounds: int
    round_us: int
    repeats: int


PC = Size(20560, {"native": 20560, "python": 1024}, 2048, rounds=3, round_us=20_000, repeats=3)
BOARD = Size(512, {"native": 64, "python": 64}, 128, rounds=5, round_us=200_000, repeats=1)


def core_files(*scripts: str) -> dict[str, bytes]:
    """Return scripts of the bench and the node's core by their path in a place."""
    folder = Path(__file__).parent / "node"
    files = {f"{name}.py": (folder / f"{name}.py").read_bytes() for name in scripts}
    for name, path in paths.node_files().items():
        if name.startswith("edgenode/core/") or name == "edgenode/__init__.py":
            files[name] = path.read_bytes()
    return files


def inline_code(source: str | None, machine: str | None) -> bytes | None:
    """Return model.mpy of ``source``, model.py; None where either is missing."""
    if source is None or machine is None:
        return None
    with tempfile.TemporaryDirectory(prefix="edgewise-mpy-") as folder:
        text, out = Path(folder) / "inline.py", Path(folder) / "inline.mpy"
        text.write_text(source)
        mpycross.compile(text, out, machine)
        return out.read_bytes()
