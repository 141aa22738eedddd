"""The last lines that the node said, for whoever asks later."""

from .compat import const

_LINES = const(50)
_CHARS = const(90)


class Journal:
    def __init__(self):
        self._lines = [None] * _LINES
        self._next = 0

    def add(self, text):
        self._lines[self._next] = text[:_CHARS]
        self._next = (self._next + 1) % _LINES

    def lines(self):
        # oldest first
        ordered = self._lines[self._next :] + self._lines[: self._next]
        return [line for line in ordered if line is not None]
