"""The rooms of the house: who may import whom, and habits that code must not have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import draw_rooms
from tests.rooms import HOST, NODE, NODE_MAY, REPO, Room, circles, files_of, imports, parse, rooms

LOOSE = {"errors", "console", "paths", "urls"}
# core is pure: the modules that exist alike in CPython and MicroPython and touch nothing outside
CORE_MAY = {"array", "binascii", "hashlib", "json", "micropython", "struct", "sys"}
HOST_ROOMS = rooms(HOST)
NODE_ROOMS = rooms(NODE)
HOST_FILES = files_of(HOST)
ALL_FILES = [*(REPO / "firmware").rglob("*.py"), *HOST.rglob("*.py")]


def short(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def outside(tree: ast.AST) -> Iterator[str]:
    """The top names that a file of the core imports."""
    return (name.split(".")[0] for name in imports(tree, "edgenode.core"))


def into_the_node(tree: ast.AST) -> list[str]:
    """What a file of the host imports of the node beyond its core."""
    return [
        name
        for name in imports(tree, "edgewise")
        if name.split(".")[0] == "edgenode" and name.split(".")[1:2] != ["core"]
    ]


def floats(tree: ast.AST) -> list[int]:
    """Lines with a float, a true division or a call of float()."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)))
        or (isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
    ]


def habits(tree: ast.AST) -> list[str]:
    """Asserts and bare excepts: both hide errors (`assert` is gone under -O)."""
    bad = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            bad.append(f"assert in line {node.lineno}")
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            bad.append(f"bare except in line {node.lineno}")
    return bad


@pytest.mark.parametrize("room", HOST_ROOMS.values(), ids=lambda room: room.name)
def test_a_room_of_the_host_imports_what_it_says(room: Room) -> None:
    assert room.purpose, f"{room.name}: its docstring says what it is for"
    if room.name in LOOSE:
        assert set(room.uses) <= LOOSE, room.uses
        return
    wrong = {name: files for name, files in room.uses.items() if name not in room.may}
    assert not wrong, f"{room.name} may not import {wrong}"
    assert not room.may - set(room.uses), f"{room.name} does not need all that it may import"


@pytest.mark.parametrize("room", NODE_ROOMS.values(), ids=lambda room: room.name)
def test_a_room_of_the_node_imports_what_it_may(room: Room) -> None:
    assert room.name in NODE_MAY, f"{room.name}: a new room of the node needs a line in NODE_MAY"
    assert set(room.uses) == NODE_MAY[room.name]


@pytest.mark.parametrize("found", [HOST_ROOMS, NODE_ROOMS], ids=["host", "node"])
def test_there_is_an_order_of_the_rooms(found: dict[str, Room]) -> None:
    assert len(found) > 8
    assert circles({name: set(room.uses) for name, room in found.items()}) == []


def test_there_is_an_order_of_the_files() -> None:
    arrows = {}
    for path in HOST_FILES:
        name = ".".join(path.relative_to(HOST.parent).with_suffix("").parts)
        package = ".".join(path.relative_to(HOST.parent).parent.parts)
        arrows[name] = set(imports(parse(path), package))
    known = set(arrows)
    for name, targets in arrows.items():
        arrows[name] = {t if t in known else t.rpartition(".")[0] for t in targets} & known
    assert circles(arrows) == []


def test_no_module_stands_alone_but_these() -> None:
    assert {p.stem for p in HOST.glob("*.py")} == LOOSE | {"__init__"}


def test_the_picture_is_of_these_rooms() -> None:
    assert draw_rooms.PICTURE.read_text() == draw_rooms.svg(HOST_ROOMS), "run: make picture"


def found_in(paths: Iterable[Path], look: Callable[[ast.AST], list[Any]]) -> dict[str, list[Any]]:
    """What ``look`` finds in each file, by its name."""
    every = {short(path): look(parse(path)) for path in paths}
    return {name: wrong for name, wrong in every.items() if wrong}


def test_host_imports_only_the_core_of_the_node() -> None:
    assert found_in(HOST_FILES, into_the_node) == {}


def test_core_is_pure() -> None:
    core = sorted((NODE / "core").glob("*.py"))
    assert len(core) > 20
    assert found_in(core, lambda tree: sorted(set(outside(tree)) - CORE_MAY - {"edgenode"})) == {}
    assert found_in(core, floats) == {}, "integers only"


def test_no_assert_and_no_bare_except() -> None:
    assert found_in(ALL_FILES, habits) == {}


def test_a_wrong_arrow_is_found(tmp_path: Path) -> None:
    for name, text in (
        ("a/__init__.py", '"""A.\n\nMay import: b.\n"""\n'),
        ("a/one.py", "from house.b import x\n\ndef f():\n    from ..c import y\n"),
        ("b/__init__.py", '"""B.\n\nMay import: nothing.\n"""\nimport house.a.one\n'),
        ("c.py", '"""C."""\n'),
    ):
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = rooms(tmp_path / "house")
    assert (found["a"].purpose, found["a"].may) == ("A.", {"b"})
    assert found["a"].uses == {"b": ["a/one.py"], "c": ["a/one.py"]}
    assert (found["b"].may, set(found["b"].uses)) == (set(), {"a"})
    assert circles({name: set(room.uses) for name, room in found.items()}) == [["a", "b"]]


def test_bad_habits_are_found() -> None:
    assert habits(ast.parse("assert x")) == ["assert in line 1"]
    assert habits(ast.parse("try:\n    x()\nexcept:\n    pass")) == ["bare except in line 3"]
    assert floats(ast.parse("a = 1.0\nb = a / 2\nc = float(b)")) == [1, 2, 3]
    assert set(outside(ast.parse("import machine"))) == {"machine"}
    assert into_the_node(ast.parse("from edgenode import drivers")) == ["edgenode.drivers"]
    assert not into_the_node(ast.parse("from edgenode.core import model"))
