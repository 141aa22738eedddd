"""What every download needs: a line for people, and a folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from edgewise.errors import OutsideError

__all__ = ["Say", "move", "say_on_stderr"]

Say = Callable[[str], None]


def say_on_stderr(text: str) -> None:
    """Print ``text`` on stderr at once."""
    print(text, file=sys.stderr, flush=True)


def move(new: Path, final: Path, is_usable: Callable[[], bool]) -> None:
    """Rename the folder ``new`` to ``final``, where another process may have put its own copy.

    ``is_usable``: whether ``final`` has what is needed; then it stays. OutsideError when it
    cannot be written.
    """
    if final.exists() and not is_usable():
        shutil.rmtree(final)
    try:
        new.rename(final)
    except OSError as e:
        if not is_usable():
            text = f"{final} cannot be written ({e.strerror}); correct its permissions"
            raise OutsideError(text) from e
