"""The rooms of the house: who may import whom, and habits that code must not have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import draw_rooms
from tests.rooms import (
    HOST,
    NODE,
    NODE_MAY,
    REPO,
    circles,
    files_of,
    imports,
    parse,
    room_names,
    rooms,
)

LOOSE = {"errors", "console", "mqtt", "paths", "urls"}
# core is pure: the modules that exist alike in CPython and MicroPython and touch nothing outside
CORE_MAY = {"array", "binascii", "hashlib", "json", "micropython", "struct", "sys"}
HOST_FILES = files_of(HOST)
ALL_FILES = [*(REPO / "firmware").rglob("*.py"), *HOST.rglob("*.py")]


def relative_name(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def list_top_imports(tree: ast.AST) -> Iterator[str]:
    """The top names that a file of the core imports."""
    return (name.split(".")[0] for name in imports(tree, "edgenode.core"))


def list_node_imports(tree: ast.AST) -> list[str]:
    """What a file of the host imports of the node beyond its core."""
    return [
        name
        for name in imports(tree, "edgewise")
        if name.split(".")[0] == "edgenode" and name.split(".")[1:2] != ["core"]
    ]


def find_floats(tree: ast.AST) -> list[int]:
    """Lines with a float, a true division or a call of float()."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)))
        or (isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
    ]


def find_hidden_errors(tree: ast.AST) -> list[str]:
    """Asserts and bare excepts: both hide errors (`assert` is gone under -O)."""
    findings = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            findings.append(f"assert in line {node.lineno}")
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            findings.append(f"bare except in line {node.lineno}")
    return findings


@pytest.mark.parametrize("name", room_names(HOST))
def test_a_room_of_the_host_imports_what_it_says(name: str) -> None:
    room = rooms(HOST)[name]
    assert room.purpose, f"{room.name}: its docstring says what it is for"
    if room.name in LOOSE:
        assert set(room.uses) <= LOOSE, room.uses
        return
    forbidden = {name: files for name, files in room.uses.items() if name not in room.may}
    assert not forbidden, f"{room.name} may not import {forbidden}"
    assert not room.may - set(room.uses), f"{room.name} does not need all that it may import"


@pytest.mark.parametrize("name", room_names(NODE))
def test_a_room_of_the_node_imports_what_it_may(name: str) -> None:
    room = rooms(NODE)[name]
    assert room.name in NODE_MAY, f"{room.name}: a new room of the node needs a line in NODE_MAY"
    assert set(room.uses) == NODE_MAY[room.name]


@pytest.mark.parametrize("root", [HOST, NODE], ids=["host", "node"])
def test_there_is_an_order_of_the_rooms(root: Path) -> None:
    rooms_by_name = rooms(root)
    assert len(rooms_by_name) > 8
    assert circles({name: set(room.uses) for name, room in rooms_by_name.items()}) == []


def test_there_is_an_order_of_the_files() -> None:
    arrows = {}
    for path in HOST_FILES:
        name = ".".join(path.relative_to(HOST.parent).with_suffix("").parts)
        package = ".".join(path.relative_to(HOST.parent).parent.parts)
        arrows[name] = set(imports(parse(path), package))
    names = set(arrows)
    for name, targets in arrows.items():
        arrows[name] = {t if t in names else t.rpartition(".")[0] for t in targets} & names
    assert circles(arrows) == []


def test_no_module_stands_alone_but_these() -> None:
    assert {p.stem for p in HOST.glob("*.py")} == LOOSE | {"__init__"}


def test_each_room_of_the_host_has_its_tests() -> None:
    packages = sorted(path.parent.name for path in HOST.glob("*/__init__.py"))
    assert len(packages) > 20
    assert [name for name in packages if not any((REPO / "tests" / name).glob("test_*.py"))] == []


def test_the_picture_is_of_these_rooms() -> None:
    assert draw_rooms.PICTURE.read_text() == draw_rooms.svg(rooms(HOST)), "run: make picture"


def check_files(
    paths: Iterable[Path], check: Callable[[ast.AST], list[Any]]
) -> dict[str, list[Any]]:
    """What ``check`` finds in each file, by its name."""
    findings = {relative_name(path): check(parse(path)) for path in paths}
    return {name: finding for name, finding in findings.items() if finding}


def test_host_imports_only_the_core_of_the_node() -> None:
    assert check_files(HOST_FILES, list_node_imports) == {}


def test_core_is_pure() -> None:
    core = sorted((NODE / "core").glob("*.py"))
    assert len(core) > 20
    assert (
        check_files(
            core, lambda tree: sorted(set(list_top_imports(tree)) - CORE_MAY - {"edgenode"})
        )
        == {}
    )
    assert check_files(core, find_floats) == {}, "integers only"


def test_no_assert_and_no_bare_except() -> None:
    assert check_files(ALL_FILES, find_hidden_errors) == {}


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
    rooms_by_name = rooms(tmp_path / "house")
    assert (rooms_by_name["a"].purpose, rooms_by_name["a"].may) == ("A.", {"b"})
    assert rooms_by_name["a"].uses == {"b": ["a/one.py"], "c": ["a/one.py"]}
    assert (rooms_by_name["b"].may, set(rooms_by_name["b"].uses)) == (set(), {"a"})
    assert circles({name: set(room.uses) for name, room in rooms_by_name.items()}) == [["a", "b"]]


def test_bad_habits_are_found() -> None:
    assert find_hidden_errors(ast.parse("assert x")) == ["assert in line 1"]
    assert find_hidden_errors(ast.parse("try:\n    x()\nexcept:\n    pass")) == [
        "bare except in line 3"
    ]
    assert find_floats(ast.parse("a = 1.0\nb = a / 2\nc = float(b)")) == [1, 2, 3]
    assert set(list_top_imports(ast.parse("import machine"))) == {"machine"}
    assert list_node_imports(ast.parse("from edgenode import drivers")) == ["edgenode.drivers"]
    assert not list_node_imports(ast.parse("from edgenode.core import model"))
