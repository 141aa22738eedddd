"""What can go wrong, as the user sees it.

    EdgewiseError           exit 1
    |- InputError           exit 2: wrong use or bad input; the user can correct it
    '- OutsideError         exit 1: the world outside: network, broker, board, missing tool

The text of each is one line: what is wrong, where, and the cure.
"""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["EdgewiseError", "InputError", "OutsideError", "unwritable"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


class EdgewiseError(Exception):
    """Base of everything that ends a command with one line instead of a traceback."""

    exit_code = 1


class InputError(EdgewiseError):
    """Wrong use or bad input: names file, line or key and the cure."""

    exit_code = 2


class OutsideError(EdgewiseError):
    """Something outside Edgewise failed: a broker, a network, a tool that is missing."""


def unwritable(path: Path, e: OSError, cure: str = "choose another place") -> EdgewiseError:
    """What to raise when ``path`` cannot be written."""
    if e.errno in _FULL:
        return OutsideError(f"{path}: cannot be written ({e.strerror}): make room on the disk")
    return InputError(f"{path}: cannot be written ({e.strerror}): {cure}")
