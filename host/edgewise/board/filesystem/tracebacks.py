"""Tracebacks of a board: a build joins modules, so its lines are not those of the sources."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache

from edgewise.board.filesystem.bundles import mark_of
from edgewise.board.filesystem.files import Arch, compiler_of, joined_node

__all__ = ["located"]

_PLACE = re.compile(r'File "([a-z]+)_([0-9a-f]{4})", line (\d+)')


def located(text: str) -> str:
    """Return ``text`` with file and line of the node's sources in the lines of a traceback.

    Those of another version of Edgewise stay as they are.
    """
    return _PLACE.sub(_place, text)


def _place(match: re.Match[str]) -> str:
    file, mark, line = match[1], match[2], int(match[3])
    starts = _starts(mark).get(f"{file}_MARK", {})
    by_line = sorted((first, path) for path, first in starts.items())
    i = bisect_right(by_line, (line, "~")) - 1
    if i < 0:
        return match[0]
    first, path = by_line[i]
    return f'File "{path}", line {line - first + 1}'


def _starts(mark: str) -> Mapping[str, Mapping[str, int]]:
    """Return the first line of each module by joined file; empty for a mark of another version."""
    for sleep in (False, True):
        marks, starts = _known(sleep)
        if mark in marks:
            return starts
    return {}


@cache
def _known(sleep: bool) -> tuple[set[str], Mapping[str, Mapping[str, int]]]:
    joined = joined_node(sleep)
    marks = {mark_of(joined, compiler_of(arch)) for arch in Arch}
    return marks, {name: file.starts for name, file in joined.items()}
