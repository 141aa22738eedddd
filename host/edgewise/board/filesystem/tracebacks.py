"""Tracebacks of a board: a build joins modules, so its lines are not those of the sources."""

from __future__ import annotations

import re
from functools import cache

from edgewise.board.filesystem.bundles import bundles
from edgewise.board.filesystem.compact import Place
from edgewise.board.filesystem.files import Arch, compiler_of, joined_node

__all__ = ["locate"]

_PLACE = re.compile(r'File "([a-z]+_[0-9a-f]{4})", line (\d+)')


def locate(text: str) -> str:
    """Return ``text`` with file and line of the node's sources in the lines of a traceback.

    Those of another version of Edgewise stay as they are.
    """
    return _PLACE.sub(_place, text)


def _place(match: re.Match[str]) -> str:
    places, line = _places().get(match[1], ()), int(match[2])
    if not 0 < line <= len(places):
        return match[0]
    path, source_line = places[line - 1]
    return f'File "{path}", line {source_line}'


@cache
def _places() -> dict[str, tuple[Place, ...]]:
    """Return the places of the lines of each file that a build may write, by its name."""
    return {
        bundle.name: bundle.places
        for sleep in (False, True)
        for arch in Arch
        for bundle in bundles(joined_node(sleep), compiler_of(arch))
    }
