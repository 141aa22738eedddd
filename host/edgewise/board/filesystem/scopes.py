"""Names of a module of the node: where they are made, where they are used."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import lru_cache

__all__ = [
    "at_top",
    "bare_uses",
    "builtin_uses",
    "consts",
    "global_names",
    "is_compat",
    "local_names",
    "nodes",
    "private_consts",
    "stock_names",
    "walk_scope",
    "words",
]

_BUILTINS = set(dir(builtins))


@lru_cache(maxsize=1024)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return what `ast.walk` yields, once for each tree."""
    return tuple(ast.walk(tree))


def at_top(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements outside functions and classes, those in try and if as well."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if isinstance(node, ast.Try | ast.If | ast.For | ast.While):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.ExceptHandler):
                    waiting.extend(child.body)
                elif isinstance(child, ast.stmt):
                    waiting.append(child)


def walk_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what belongs to a module, class or function; of inner ones what surrounds them."""
    waiting = _children(scope)
    while waiting:
        node = waiting.pop(0)
        yield node
        if isinstance(node, ast.ClassDef):
            waiting.extend([*node.decorator_list, *node.bases])
        elif isinstance(node, ast.FunctionDef):
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            waiting.extend([*node.decorator_list, *defaults])
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _children(scope: ast.AST) -> list[ast.AST]:
    if isinstance(scope, ast.FunctionDef):
        arguments = scope.args
        return [
            *arguments.args,
            *arguments.kwonlyargs,
            *filter(None, [arguments.vararg]),
            *scope.body,
        ]
    return list(getattr(scope, "body", ()))


def local_names(scope: ast.AST) -> set[str]:
    """Return the names that a function or class sets itself."""
    return {
        node.arg if isinstance(node, ast.arg) else node.id
        for node in walk_scope(scope)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }


def global_names(tree: ast.Module) -> set[str]:
    """Return the names that a module sets, without those that it takes from the node."""
    names = stock_names(tree)
    for node in at_top(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.For):
            names.update(
                child.id
                for child in ast.walk(node)
                if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)
            )
    return names


def stock_names(tree: ast.Module) -> set[str]:
    """Return the names that a module takes from MicroPython."""
    names: set[str] = set()
    for node in at_top(tree):
        if isinstance(node, ast.Import):
            names.update(a.asname or a.name.split(".")[0] for a in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.update(a.asname or a.name for a in node.names)
    return names


def consts(tree: ast.Module) -> set[str]:
    """Return the names of numbers that mpy-cross puts in place of the name."""
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if isinstance(node.value.func, ast.Name) and node.value.func.id == "const"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def private_consts(tree: ast.Module) -> set[str]:
    """Return those that mpy-cross then removes from the module."""
    return {name for name in consts(tree) if name.startswith("_")}


def words(tree: ast.Module) -> set[str]:
    """Return every name that is no attribute."""
    names = {n.id for n in nodes(tree) if isinstance(n, ast.Name)}
    return names | {n.arg for n in nodes(tree) if isinstance(n, ast.arg)}


def builtin_uses(tree: ast.Module) -> set[str]:
    """Return the built-in functions and types that a module uses."""
    return (words(tree) & _BUILTINS) - global_names(tree)


def bare_uses(scope: ast.AST) -> set[str]:
    """Return names that are used otherwise than before a point; `del` does not count."""
    before_point = {id(n.value) for n in nodes(scope) if isinstance(n, ast.Attribute)}
    return {
        n.id
        for n in nodes(scope)
        if isinstance(n, ast.Name) and id(n) not in before_point
        if not isinstance(n.ctx, ast.Del)
    }


def is_compat(node: ast.ImportFrom) -> bool:
    """Tell whether it imports `const`, which mpy-cross knows without it."""
    return (node.module or "").rpartition(".")[2] == "compat"
