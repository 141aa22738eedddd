"""The arrows of the design: who may import whom, and two habits that code must not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
NODE = REPO / "firmware" / "edgenode"
HOST = REPO / "host" / "edgewise"
BOARD = HOST / "simulator" / "board"

# part of the node -> the parts that it may import
ARROWS = {
    "core": {"core"},
    "drivers": {"drivers", "core", "errors"},
    "link": {"link", "core", "errors"},
    "app": {"core", "errors"},
    "battery": {"core", "errors"},
    "board": {
        "core",
        "drivers",
        "errors",
        "control",
        "install",
        "link",
        "load",
        "trial",
        "wire",
        "wire_nap",
    },
    "config": {"core", "errors"},
    "control": {"core", "errors", "config"},
    "install": {"core", "errors"},
    "load": {"core", "drivers", "errors", "install"},
    "safe": {"core", "errors"},
    "wire": {"core", "drivers", "link", "errors", "app", "safe"},
    "wire_nap": {"core", "drivers", "link", "battery", "wire"},
    "trial": {"core", "errors", "config"},
    "errors": set(),
    "__init__": set(),
}
# core is pure: the modules that exist alike in CPython and MicroPython and touch nothing outside
CORE_MAY = {"array", "binascii", "hashlib", "json", "micropython", "struct", "sys"}

NODE_FILES = sorted(NODE.rglob("*.py"))
HOST_FILES = sorted(p for p in HOST.rglob("*.py") if BOARD not in p.parents)
ALL_FILES = [*(REPO / "firmware").rglob("*.py"), *HOST.rglob("*.py")]


def short(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the dotted name of every import, `from a import b` as a.b, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*above, node.module or ""]).strip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)


def part_of(path: Path) -> str:
    """The part of the node to which a file belongs: core, drivers, link, app ..."""
    return path.relative_to(NODE).parts[0].removesuffix(".py")


def wrong_in_node(part: str, package: str, tree: ast.AST) -> list[str]:
    bad = []
    for name in imports(tree, package):
        top, *rest = name.split(".")
        if top == "edgenode":
            right = (rest or ["__init__"])[0] in ARROWS.get(part, set())
        else:
            right = top in CORE_MAY if part == "core" else top != "edgewise"
        if not right:
            bad.append(name)
    return bad


def wrong_in_host(tree: ast.AST, package: str) -> list[str]:
    return [
        name
        for name in imports(tree, package)
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


def parse(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def package_of(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).parent.parts)


def test_there_are_files_to_read() -> None:
    assert len(NODE_FILES) > 10
    assert len(HOST_FILES) > 10


@pytest.mark.parametrize("path", NODE_FILES, ids=short)
def test_node_imports_only_along_the_arrows(path: Path) -> None:
    part = part_of(path)
    assert part in ARROWS, f"{short(path)}: a new part of the node needs its arrows here"
    wrong = wrong_in_node(part, package_of(path, REPO / "firmware"), parse(path))
    assert not wrong, f"{short(path)} must not import {wrong}"


@pytest.mark.parametrize("path", HOST_FILES, ids=short)
def test_host_imports_only_the_core_of_the_node(path: Path) -> None:
    wrong = wrong_in_host(parse(path), package_of(path, REPO / "host"))
    assert not wrong, f"{short(path)} must not import {wrong}"


@pytest.mark.parametrize("path", sorted((NODE / "core").glob("*.py")), ids=short)
def test_core_has_no_float(path: Path) -> None:
    assert not floats(parse(path)), f"{short(path)}: integers only"


@pytest.mark.parametrize("path", sorted(ALL_FILES), ids=short)
def test_no_assert_and_no_bare_except(path: Path) -> None:
    assert not habits(parse(path))


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("core", "import time"),
        ("core", "import machine"),
        ("core", "import socket"),
        ("core", "import math"),
        ("core", "from ..errors import NodeError"),
        ("core", "from edgenode.drivers import dht22"),
        ("core", "def f():\n    import time"),
        ("drivers", "from ..link import mqtt"),
        ("drivers", "from .. import app"),
        ("link", "from ..drivers.clock import Clock"),
        ("link", "import edgenode.drivers.clock"),
        ("link", "import edgewise"),
    ],
)
def test_a_wrong_arrow_in_the_node_is_found(part: str, code: str) -> None:
    assert wrong_in_node(part, f"edgenode.{part}", ast.parse(code))


@pytest.mark.parametrize(
    "code", ["import edgenode", "from edgenode import drivers", "from edgenode.link import mqtt"]
)
def test_a_wrong_arrow_in_the_host_is_found(code: str) -> None:
    assert wrong_in_host(ast.parse(code), "edgewise")


def test_right_arrows_pass() -> None:
    assert not wrong_in_node("link", "edgenode.link", ast.parse("from ..core import records"))
    assert not wrong_in_node("app", "edgenode", ast.parse("from .core.ring import Ring"))
    assert not wrong_in_node("core", "edgenode.core", ast.parse("from .ring import Ring"))
    assert not wrong_in_host(ast.parse("from edgenode.core import model"), "edgewise")


def test_bad_habits_and_floats_are_found() -> None:
    assert habits(ast.parse("assert x")) == ["assert in line 1"]
    assert habits(ast.parse("try:\n    x()\nexcept:\n    pass")) == ["bare except in line 3"]
    assert floats(ast.parse("a = 1.0\nb = a / 2\nc = float(b)")) == [1, 2, 3]
