"""Source for the board's compiler alone: what it keeps of a file in RAM becomes small.

A statement is one line, so that the table of lines is short. The names that a file uses most come
first, because bytecode has one byte for the first 128 of them and two for the others. A class does
not keep the names of its module and of itself, which MicroPython writes into each.
"""

from __future__ import annotations

import ast
import io
import itertools
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgewise.board.filesystem import scopes

__all__ = ["Compact", "Place", "as_it_is", "compact"]

# path and line of a source
Place = tuple[str, int]
_FIRST_NAMES = 124  # of 128; the others are those of the file and of what is done here
_BLANK = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


@dataclass(frozen=True)
class Compact:
    """``text``: source for the compiler; ``places``: where each of its lines comes from."""

    text: str
    places: tuple[Place, ...]


def as_it_is(text: str, starts: Mapping[str, int]) -> Compact:
    """Return ``text`` unchanged; ``starts``: path of a module -> its first line in it."""
    return Compact(text, tuple(_places(text.count("\n"), starts)))


def compact(text: str, starts: Mapping[str, int], stays: bool) -> Compact:
    """Return the same program in few lines; ``starts``: as for ``as_it_is``.

    ``stays``: whether it stays in RAM, so that the order of its names pays.
    """
    places = list(_places(text.count("\n"), starts))
    lines = [_first_line(text)] if stays else []
    rows = [1 for _ in lines]
    for row, line in _statements(text):
        for part in line.split("\n"):  # of a text of many lines
            lines.append(part)
            rows.append(row)
        if line.startswith("class "):
            lines.append("    del __module__, __qualname__")
            rows.append(row)
    return Compact("\n".join(lines) + "\n", tuple(places[row - 1] for row in rows))


def _places(n: int, starts: Mapping[str, int]) -> Iterator[Place]:
    by_line = sorted((first, path) for path, first in starts.items())
    ends = [first for first, _ in by_line[1:]] + [n + 1]
    for (first, path), end in zip(by_line, ends, strict=True):
        for line in range(end - first):
            yield path, line + 1


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of its first line and the text of each statement, without comments."""
    depth = row = 0
    line = ""
    last = (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type in _BLANK:
            continue
        if token.type == tokenize.NEWLINE:
            if not _is_docstring(line):
                yield row, line
            line = ""
            continue
        if not line:
            row = token.start[0]
            line = "    " * depth
        elif token.start[0] > last[0] or token.start[1] > last[1]:
            line += " "
        line += token.string
        last = token.end


def _is_docstring(line: str) -> bool:
    return line.startswith('"""')


def _first_line(text: str) -> str:
    """Return a line that is never run and has the names that are used most, in their order."""
    uses = Counter(_names(ast.parse(text)))
    first = [name for name, _ in uses.most_common(_FIRST_NAMES)]
    return "if not __name__: " + ".".join(["__name__", *first])


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield each use of a name that stays in the bytecode of a function."""
    for node in scopes.nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
            arguments = node.args
            for argument in itertools.chain(arguments.args, arguments.kwonlyargs):
                yield argument.arg
            local = scopes.local_names(node)
            for inner in scopes.walk_scope(node):
                if isinstance(inner, ast.Attribute):
                    yield inner.attr
                elif isinstance(inner, ast.Name) and inner.id not in local:
                    yield inner.id
                elif isinstance(inner, ast.keyword) and inner.arg:
                    yield inner.arg
