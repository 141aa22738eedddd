"""The log of a server: each record is one line without control characters."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path

from edgewise.console import say

__all__ = ["log_lines"]

_LENGTH_MAX = 500
_PLACES = 4  # of a traceback, the innermost
_SILENCE_S = 60.0  # after a line, for its place in the code


def log_lines() -> None:
    """Write the log of all libraries to stderr: a record a line, a line a minute of each place."""
    root = logging.getLogger()
    if not any(isinstance(handler, _Lines) for handler in root.handlers):
        root.addHandler(_Lines())


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._latest_s: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        text, place = _read(record)
        now = time.monotonic()
        if now - self._latest_s.get(place, -_SILENCE_S) >= _SILENCE_S:
            self._latest_s[place] = now
            say(f"{record.name}: {text[:_LENGTH_MAX]}")


def _read(record: logging.LogRecord) -> tuple[str, str]:
    # the text, and where in the code it comes from
    text = record.getMessage().strip()
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return text, f"{record.pathname}:{record.lineno}"
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    places = " ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    message = "" if text == str(error) else f"{text}: "
    return f"{message}{type(error).__name__}: {error} ({places})", places
