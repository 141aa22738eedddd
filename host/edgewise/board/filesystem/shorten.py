"""Other names for names of the node: short ones, or those that MicroPython's firmware has.

MicroPython keeps every name that was ever loaded in RAM, on an ESP32 some 15 bytes each, even
when its module was removed; a name that its firmware has takes none. Private names, names of
arguments and what else no other file knows mean nothing outside their file, so every file can use
the same ones. A class and its subclass in another file share names, so their files count as one.
"""

from __future__ import annotations

import array
import ast
import builtins
import hashlib
import io
import itertools
import keyword
import os
import socket
import ssl
import string
import time
import tokenize
from collections.abc import Iterable, Iterator, Mapping

from edgewise.board.filesystem.scopes import consts, nodes
from edgewise.paths import simulator_dirs

__all__ = ["short_names", "shorten"]

_STOCK_TYPES: tuple[type, ...] = (str, bytearray, list, dict, set, memoryview, array.array)
_STOCK_TYPES += (io.BytesIO, io.StringIO, socket.socket, Exception)
_STOCK_TYPES += (type(hashlib.sha256()), ssl.SSLContext, ssl.SSLSocket)
# what a model's own code calls its parts: such a name stays
_OF_MODELS = {"votes", "CRC"}
# what stock parts call theirs: so does that
_STOCK = {name for part in (*_STOCK_TYPES, builtins, os, time, socket) for name in dir(part)}


def shorten(sources: Mapping[str, str], stock_words: Iterable[str] = ()) -> dict[str, str]:
    """Return the same program, file by file, with other names where it alone knows them.

    ``sources``: path below the root of the board's file system -> source. Lines keep their
    numbers. Names that are passed as keywords keep theirs, and so do those that are also text.
    ``stock_words``: names that the firmware has. They are taken first, and then for names that
    several files share as well: these must be all files that a node has.
    """
    trees = {path: ast.parse(text, path) for path, text in sources.items()}
    keywords = {
        n.arg for t in trees.values() for n in nodes(t) if isinstance(n, ast.keyword) and n.arg
    }
    stock = _names_of_stock(trees)
    stay = stock | _names_that_stay(trees)
    lone = _lone_names(trees, stay)
    never = keywords | set(filter(_is_private, stock))
    own = {path: (_own_names(tree) | lone[path]) - never for path, tree in trees.items()}
    shared = set().union(*map(_shared_names, trees.values())) - never
    words = list(stock_words)
    if words:
        known = set().union(*map(_defined_names, trees.values())) - stay - keywords
        shared |= {name for name in known if not _is_private(name)}.difference(*lone.values())
        used = stay | keywords | {t.string for text in sources.values() for t in _tokens(text)}
        words = [w for w in words if w not in used and not keyword.iskeyword(w)]
    short = short_names()
    new_names = itertools.chain(words, short)
    shared_names = {name: next(new_names) for name in sorted(shared)}
    spare_names = list(itertools.islice(new_names, 2000))
    # mpy-cross removes a constant from a module only if its name begins with an underscore
    spare_consts = list(itertools.islice(short, 2000))
    shortened: dict[str, str] = {}
    for group in _families(trees):
        names = {n for path in group for n in own[path]} - shared
        numbers = {n for path in group for n in consts(trees[path])} & names
        mapping = shared_names | dict(zip(sorted(names - numbers), spare_names, strict=False))
        mapping |= dict(zip(sorted(numbers), spare_consts, strict=False))
        for path in group:
            local = {n: s for n, s in mapping.items() if n in shared or n in own[path]}
            shortened[path] = _rename(sources[path], local)
    return {path: shortened[path] for path in sources}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def short_names() -> Iterator[str]:
    letters = string.ascii_letters + string.digits
    for n in itertools.count(1):
        for word in itertools.product(letters, repeat=n):
            yield "_" + "".join(word)


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _shared_names(tree: ast.Module) -> set[str]:
    """Return imported private names and those of objects other than self: files may share them."""
    names = set()
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and not _is_self(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add(node.name)
    return set(filter(_is_private, names))


def _own_names(tree: ast.Module) -> set[str]:
    """Return private names, and names of arguments that mean nothing else in this file."""
    private: set[str] = set()
    arguments: set[str] = set()
    other = {"self"}
    for node in nodes(tree):
        if isinstance(node, ast.Attribute):
            (private if _is_private(node.attr) else other).add(node.attr)
        elif isinstance(node, ast.arg):
            arguments.add(node.arg)
        elif isinstance(node, ast.Name | ast.FunctionDef | ast.ClassDef):
            name = node.id if isinstance(node, ast.Name) else node.name
            if _is_private(name):
                private.add(name)
            elif not isinstance(node, ast.Name):
                other.add(name)
        elif isinstance(node, ast.alias):
            other.update((node.asname or node.name, *node.name.split(".")))
        elif isinstance(node, ast.ImportFrom):
            other.update((node.module or "").split("."))
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.For):
            other.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    return private | (arguments - other)


def _names_that_stay(trees: Mapping[str, ast.Module]) -> set[str]:
    """Return names that are known outside the node, or found by text."""
    texts = {
        n.value
        for tree in trees.values()
        for n in nodes(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    modules = [path for folder in simulator_dirs() for path in folder.glob("*.py")]
    hardware = [path.read_text(encoding="utf-8") for path in modules]
    stay = texts | _module_names(trees) | _STOCK | _OF_MODELS
    stay = stay.union(*(_known_names(ast.parse(t)) for t in hardware))
    return stay.union(*map(_names_of_subclasses, trees.values()))


def _names_of_stock(trees: Mapping[str, ast.Module]) -> set[str]:
    modules = _module_names(trees)
    return set().union(*(_stock_names(tree, modules) for tree in trees.values()))


def _module_names(trees: Mapping[str, ast.Module]) -> set[str]:
    return {part for path in trees for part in path.removesuffix(".py").split("/")}


def _lone_names(trees: Mapping[str, ast.Module], stay: set[str]) -> dict[str, set[str]]:
    """Return for each file the public names that it alone defines and uses."""
    known = {path: _known_names(tree) for path, tree in trees.items()}
    lone = {}
    for path, tree in trees.items():
        elsewhere = set().union(*(names for other, names in known.items() if other != path))
        lone[path] = _defined_names(tree) - elsewhere - stay
    return lone


def _stock_names(tree: ast.Module, own_modules: set[str]) -> set[str]:
    """Return names that come from modules of MicroPython, and those behind their point."""
    imported: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            given = [a for a in node.names if a.name not in own_modules]
        elif isinstance(node, ast.ImportFrom) and node.module not in own_modules:
            given = node.names
        else:
            continue
        imported.update(name for a in given for name in (a.asname, a.name.split(".")[0]) if name)
    behind = {
        node.attr
        for node in nodes(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in imported
    }
    return imported | behind


def _known_names(tree: ast.Module) -> set[str]:
    """Return names that a file defines for others, or uses of others."""
    names = set(_defined_names(tree))
    for node in nodes(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.update((node.asname or "", *node.name.split(".")))
    return names


def _defined_names(tree: ast.Module) -> set[str]:
    """Return names of classes, functions, values and attributes."""
    names = set(_set_attributes(tree))
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef):
            names.update(child.name for child in node.body if isinstance(child, ast.FunctionDef))
            # a refusal may be told by its name
            if not node.name.endswith("Error"):
                names.add(node.name)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is_set(n))
    return {name for name in names if not name.startswith("__")}


def _names_of_subclasses(tree: ast.Module) -> set[str]:
    """Return methods and attributes of subclasses of a stock class, which may know them."""
    names: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef) and any(
            isinstance(b, ast.Attribute) for b in node.bases
        ):
            names.update(child.name for child in node.body if isinstance(child, ast.FunctionDef))
            names.update(_set_attributes(node))
    return {name for name in names if not _is_private(name)}


def _set_attributes(tree: ast.AST) -> set[str]:
    return {
        node.attr
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and _is_set(node) and _is_self(node.value)
    }


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_set(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _families(trees: Mapping[str, ast.Module]) -> list[list[str]]:
    """Return groups of files whose classes inherit from each other."""
    class_paths = {
        (path.rsplit("/", 1)[-1].removesuffix(".py"), node.name): path
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    family = {path: {path} for path in trees}
    for path, tree in trees.items():
        imports = {
            alias.asname or alias.name: ((node.module or "").rsplit(".", 1)[-1], alias.name)
            for node in nodes(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in nodes(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                other = class_paths.get(imports.get(getattr(base, "id", ""), ("", "")))
                if other is not None:
                    joined = family[path] | family[other]
                    family.update(dict.fromkeys(joined, joined))
    return [sorted(f) for f in dict.fromkeys(map(frozenset, family.values()))]


def _rename(text: str, mapping: Mapping[str, str]) -> str:
    lines = text.splitlines(keepends=True)
    for token in reversed(_tokens(text)):
        if token.type == tokenize.NAME and token.string in mapping:
            row, column = token.start
            line = lines[row - 1]
            lines[row - 1] = (
                line[:column] + mapping[token.string] + line[column + len(token.string) :]
            )
    return "".join(lines)
