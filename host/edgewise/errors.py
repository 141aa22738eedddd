"""Errors that end a command with one line for the user.

    EdgewiseError           exit 1
    |- InputError           exit 2: wrong use or bad input; the user can correct it
    '- OutsideError         exit 1: something outside: network, broker, board, missing tool
       '- AwayError         it may come by itself: a broker that does not run yet

The text of each is one line: the problem, its place and the cure.
"""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["AwayError", "EdgewiseError", "InputError", "OutsideError", "unwritable"]

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class EdgewiseError(Exception):
    """Base of all errors that end a command with one line instead of a traceback."""

    exit_code = 1


class InputError(EdgewiseError):
    """Wrong use or bad input; the text names file, line or key and the cure."""

    exit_code = 2


class OutsideError(EdgewiseError):
    """Something outside Edgewise failed: a broker, a network, a missing tool."""


class AwayError(OutsideError):
    """What may come by itself: a network, a host name or a broker that is not there yet."""


def unwritable(path: Path, e: OSError, cure: str = "choose another place") -> EdgewiseError:
    """Return the error to raise when ``path`` cannot be written."""
    if e.errno in _DISK_FULL:
        return OutsideError(f"{path}: cannot be written ({e.strerror}): make room on the disk")
    return InputError(f"{path}: cannot be written ({e.strerror}): {cure}")
