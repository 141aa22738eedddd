"""Join modules of the node: in a joined file they follow each other, and are one module.

An import between two modules of a file becomes the plain name; a module that is passed on as a
value is the joined file itself. A name that another module of the file has too gets another one.
Lines keep their order and their number in their module.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edgewise.board.filesystem import scopes
from edgewise.board.filesystem.shorten import short_names
from edgewise.errors import EdgewiseError

__all__ = ["Joined", "join"]


_Node = ast.stmt | ast.expr | ast.arg
_Change = tuple[_Node, str]


@dataclass(frozen=True)
class Joined:
    """``text``: the source of a joined file; ``starts``: path of a module -> its first line."""

    text: str
    starts: dict[str, int]


@dataclass
class _Module:
    path: str
    text: str
    tree: ast.Module
    file: str
    names: dict[str, str] = field(default_factory=dict)  # of its globals, in the joined file


@dataclass
class _Known:
    """What a module or a function in it knows by name."""

    names: dict[str, str]  # here -> in the joined file
    modules: dict[str, _Module]  # here -> a module of the node

    def copy(self) -> _Known:
        return _Known(dict(self.names), dict(self.modules))


def join(sources: Mapping[str, str], files: Mapping[str, str]) -> dict[str, Joined]:
    """Return the joined files by their name.

    ``sources``: path -> source; ``files``: path -> the name of its joined file, without ``.py``.
    EdgewiseError for source that cannot be joined.
    """
    modules = {
        path: _Module(path, text, ast.parse(text, path), files[path])
        for path, text in sources.items()
    }
    joiner = _Joiner(modules)
    return {file: joiner.join(file) for file in dict.fromkeys(files[path] for path in sources)}


class _Joiner:
    def __init__(self, modules: Mapping[str, _Module]) -> None:
        self._modules = modules
        # those that are passed on as values: others find their names behind a point
        self._passed_on = {
            target.path
            for module in modules.values()
            for node in scopes.nodes(module.tree)
            if isinstance(node, ast.ImportFrom)
            for target, name, here in self._targets(module, node)
            if name is None and here in scopes.bare_uses(module.tree)
        }
        names = dict.fromkeys(module.file for module in modules.values())
        self._orders = {name: self._order(name) for name in names}
        for order in self._orders.values():
            self._choose_names(order)

    def join(self, file: str) -> Joined:
        text = ""
        starts = {}
        for module in self._orders[file]:
            starts[module.path] = text.count("\n") + 1
            text += _apply(module.text, self._changes(module))
        return Joined(text, starts)

    def _order(self, file: str) -> list[_Module]:
        """Return the modules of a file, those that others import first."""
        order: dict[str, _Module] = {}

        def add(module: _Module) -> None:
            if module.path in order or module.file != file:
                return
            for node in scopes.at_top(module.tree):
                if isinstance(node, ast.ImportFrom):
                    for target, _, _ in self._targets(module, node):
                        add(target)
            order.setdefault(module.path, module)

        for module in self._modules.values():
            add(module)
        return list(order.values())

    def _targets(
        self, module: _Module, node: ast.ImportFrom
    ) -> Iterator[tuple[_Module, str | None, str]]:
        """Yield module, the name there (None: the module itself) and the name here."""
        folders = module.path.split("/")[:-1]
        above = folders[: len(folders) - node.level + 1] if node.level else []
        base = "/".join([*above, *(node.module or "").split(".")]).strip("/")
        for alias in node.names:
            here = alias.asname or alias.name
            if (target := self._modules.get(f"{base}/{alias.name}.py")) is not None:
                yield target, None, here
            elif (target := self._modules.get(f"{base}.py")) is not None:
                yield target, alias.name, here

    def _choose_names(self, order: list[_Module]) -> None:
        """Name the globals in the joined file; what comes from MicroPython keeps its name."""
        taken = {name for module in order for name in scopes.stock_names(module.tree)}
        taken |= {name for module in order for name in scopes.builtin_uses(module.tree)}
        words = set().union(*(scopes.words(module.tree) for module in order))
        # mpy-cross puts the number wherever the file has the name, so no other name is like it
        consts = (f"_CONST_{n}" for n in itertools.count(1))
        for module in sorted(order, key=lambda m: m.path not in self._passed_on):
            private = scopes.private_consts(module.tree)
            own = scopes.global_names(module.tree) - scopes.stock_names(module.tree)
            for name in sorted(own):
                if name in private:
                    new = next(consts)
                elif name not in taken:
                    new = name
                elif module.path in self._passed_on:
                    raise EdgewiseError(f"{module.path}: {name} has another meaning elsewhere")
                else:
                    new = next(n for n in short_names() if n not in words and n not in taken)
                taken.add(new)
                module.names[name] = new

    def _changes(self, module: _Module) -> Iterator[_Change]:
        """Yield what is another text in the joined file."""
        yield from self._scope_changes(module, module.tree, _Known(dict(module.names), {}))

    def _scope_changes(self, module: _Module, scope: ast.AST, known: _Known) -> Iterator[_Change]:
        nodes = list(scopes.walk_scope(scope))
        bare = scopes.bare_uses(scope)
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                yield from self._import_changes(module, node, known, bare)
            elif isinstance(node, ast.Global):
                raise EdgewiseError(f"{module.path}:{node.lineno}: `global` cannot be joined")
        local = scopes.local_names(scope) if scope is not module.tree else set()
        names = dict(known.names)
        if isinstance(scope, ast.ClassDef):
            for name in local:  # these are attributes
                names.pop(name, None)
        resolved = set()
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target = known.modules.get(node.value.id)
                if target is not None:
                    resolved.add(id(node.value))
                    new = target.names[node.attr]
                    if target.file == module.file and new in local:
                        names[new] = f"{new}_"  # a local name must not hide it
                    elif target.file != module.file:
                        new = f"{node.value.id}.{new}"
                    yield node, new
        for node in nodes:
            if isinstance(node, ast.Name) and id(node) not in resolved and node.id in names:
                yield node, names[node.id]
            elif isinstance(node, ast.arg) and node.arg in names:
                yield node, names[node.arg]
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                if scope is module.tree:
                    yield node, names[node.name]
                yield from self._scope_changes(module, node, known.copy())

    def _import_changes(
        self, module: _Module, node: ast.ImportFrom, known: _Known, bare: set[str]
    ) -> Iterator[_Change]:
        if scopes.is_compat(node):
            yield node, "pass"
            return
        targets = list(self._targets(module, node))
        lines = []
        for target, name, here in targets:
            is_near = target.file == module.file
            if name is None:
                known.modules[here] = target
                if not is_near or here in bare:
                    lines.append(f"import {target.file} as {here}")
            elif is_near:
                known.names[here] = target.names[name]
            else:
                new = known.names.get(here, here)
                lines.append(f"from {target.file} import {target.names[name]} as {new}")
        if targets:
            yield node, "; ".join(lines) or "pass"


def _apply(text: str, changes: Iterator[_Change]) -> str:
    lines = text.splitlines(keepends=True)
    starts = list(itertools.accumulate(map(len, lines), initial=0))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    def span(node: _Node) -> tuple[int, int]:
        start = offset(node.lineno, node.col_offset)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            start = text.index(node.name, start + len("def "))
            return start, start + len(node.name)
        if isinstance(node, ast.arg):
            return start, start + len(node.arg)
        return start, offset(node.end_lineno or 0, node.end_col_offset or 0)

    for (start, end), new in sorted(((span(n), new) for n, new in changes), reverse=True):
        text = text[:start] + new + "\n" * text[start:end].count("\n") + text[end:]
    return text if text.endswith("\n") else text + "\n"
