"""Tracebacks of a board: a build joins modules, so its lines are not those of the sources."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache

from edgewise.board.filesystem.bundles import bundles
from edgewise.board.filesystem.files import Arch, compiler_of, joined_node

__all__ = ["locate"]

_PLACE = re.compile(r'File "([a-z]+_[0-9a-f]{4})", line (\d+)')


def locate(text: str) -> str:
    """Return ``text`` with file and line of the node's sources in the lines of a traceback.

    Those of another version of Edgewise stay as they are.
    """
    return _PLACE.sub(_place, text)


def _place(match: re.Match[str]) -> str:
    starts, line = _starts().get(match[1], {}), int(match[2])
    by_line = sorted((first, path) for path, first in starts.items())
    i = bisect_right(by_line, (line, "~")) - 1
    if i < 0:
        return match[0]
    first, path = by_line[i]
    return f'File "{path}", line {line - first + 1}'


@cache
def _starts() -> dict[str, Mapping[str, int]]:
    """Return the first line of each module by the name of each file that a build may write."""
    return {
        bundle.name: bundle.starts
        for sleep in (False, True)
        for arch in Arch
        for bundle in bundles(joined_node(sleep), compiler_of(arch))
    }
