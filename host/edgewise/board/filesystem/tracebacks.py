"""Tracebacks of a board: a build joins modules, so its lines are not those of the sources."""

from __future__ import annotations

import ast
import re
from functools import cache

from edgewise.board.filesystem.bundles import bundles
from edgewise.board.filesystem.compact import Place
from edgewise.board.filesystem.files import Arch, compiler_of, joined_node, node_sources
from edgewise.board.filesystem.uplinks import UPLINKS

__all__ = ["locate"]

_PLACE = re.compile(r'File "([a-z]+_[0-9a-f]{4})", line (\d+)(, in \w+)?')

_KINDS = ((False, False), (False, True), (True, False))  # sleep, TLS: what builds there are


def locate(text: str) -> str:
    """Return ``text`` with file, line and function of the node's sources in a traceback's lines.

    Those of another version of Edgewise stay as they are.
    """
    return _PLACE.sub(_place, text)


def _place(match: re.Match[str]) -> str:
    places, line = _places(match[1]), int(match[2])
    if not 0 < line <= len(places):
        return match[0]
    path, source_line = places[line - 1]
    place = f'File "{path}", line {source_line}'
    return f"{place}, in {_function(path, source_line)}" if match[3] else place


def _function(path: str, line: int) -> str:
    """Return the name of the innermost function there: a build gives it another one."""
    around = [
        node
        for node in ast.walk(ast.parse(node_sources()[path]))
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return max(around, key=lambda node: node.lineno).name if around else "<module>"


@cache
def _places(name: str) -> tuple[Place, ...]:
    """Return the places of the lines of the file ``name``; empty if no build writes it."""
    builds = (_places_of(*kind, uplink) for uplink in UPLINKS for kind in _KINDS)
    return next((places[name] for places in builds if name in places), ())


@cache
def _places_of(sleep: bool, tls: bool, uplink: str) -> dict[str, tuple[Place, ...]]:
    return {
        bundle.name: bundle.places
        for arch in Arch
        for bundle in bundles(joined_node(sleep, uplink, tls), compiler_of(arch))
    }
