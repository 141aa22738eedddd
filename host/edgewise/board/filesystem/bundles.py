"""The node's modules in few files: one that stays loaded, others that come and go.

Each import on a board searches its flash: for a folder, for source and for a compiled file.
Source stays as it is, module by module; a build joins it.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgewise.board.filesystem.awake import awake, undivided
from edgewise.board.filesystem.compact import Compact, Place, as_it_is, compact
from edgewise.board.filesystem.join import join
from edgewise.board.filesystem.shorten import shorten
from edgewise.board.filesystem.stock_words import STOCK_WORDS
from edgewise.board.filesystem.uplinks import with_uplink

__all__ = ["MAIN", "Bundle", "bundles", "has_mark", "join_node"]

_STAYS = "node"
NATIVE = "native"  # a node runs without it as well, on plain code
_LOADING = ("core.compact_json", "core.loader", "core.walk", "start.model")
_BUILDING = (
    "core.catalogue",
    "core.choice",
    "core.filters",
    "core.program",
    "start.network",
    "start.once",
    "start.pins",
    "start.sensing",
    "start.wiring",
)
# file -> the modules that are in it; all others are in the file that stays
_FILES = {
    "settings": ("settings.config", "settings.sealed", "settings.trial", "core.settings"),
    "start": (*_LOADING, *_BUILDING),
    "averages": ("core.averages",),
    "calibrate": ("core.calibrate",),
    "gate": ("core.gate",),
    "headcheck": ("core.headcheck",),
    "heads": ("core.heads",),
    "temporal": ("core.temporal",),
    "detector": ("core.detector",),
    NATIVE: ("core.features_viper", "core.heads_viper"),
    "features": ("core.features_plain", "core.ring", "core.trackers"),
    "learn": ("core.learn",),
    "outlook": ("core.outlook", "core.limits"),
    "outputcheck": ("core.outputcheck",),
    "outputs": ("core.outputs", "output_node"),
    "netcheck": ("core.netcheck",),
    "network": ("core.net_plain",),
    "netviper": ("core.net_viper",),
    "viper": ("core.walk_viper",),
    "safe": ("start.safe",),
    "command": ("commands.control",),
    "signed": ("core.signed",),
    "spec": ("core.spec",),
    "noradio": ("link.noradio",),
    "update": ("link.update",),
    "install": ("update.install",),
    "secure": ("link.secure",),
    "server": ("core.url", "start.server"),
    "dns": ("link.dns", "link.sntp", "link.udp"),
}
MAIN = "main"  # stays a source: MicroPython starts it by name
_AT_START = (MAIN, _STAYS, "settings", "spec", "heap", "loader", "start", NATIVE)
# Of a node that sleeps: what every wake needs is in one file, the radio comes with cause. It makes
# one step a start: native code for that takes longer to load than it saves, as in core/walk.py.
_AWAKE_FILES = ("settings", "spec", "start", "features", NATIVE)
_ASLEEP_FILES = {name: modules for name, modules in _FILES.items() if name not in _AWAKE_FILES} | {
    "once": ("start.once",),
    "awake": (
        "start.pins",
        "start.wiring",
        "app",
        "core.hold",
        "drivers.output",
        "drivers.sensor",
        "link.outbox",
        "link.spool",
    ),
    "radio": (
        "start.network",
        "link.coap",
        "link.http",
        "link.mqtt",
        "link.nap",
        "link.ntp",
        "link.stream",
        "link.uplink",
        "link.wifi",
    ),
}
# With TLS the heap is smaller: what loads a model has left when the node is built.
_TLS_FILES = _FILES | {"heap": ("start.heap",), "loader": _LOADING, "start": _BUILDING}
_MEMORY = "edgenode/core/memory.py"
_COMPAT = "edgenode/core/compat.py"  # mpy-cross knows const() without it
_LISTS = ("NOW_AND_THEN", "SETTINGS", "LOADING", "BUILDING")  # of modules there
_MARK = "MARK"  # a word that no source has
_MARKED = re.compile(r"(lib/)?[a-z]+_[0-9a-f]{4}\.mpy")


@dataclass(frozen=True)
class Bundle:
    """The source of a file of the board.

    ``folder``: "" or "lib/", which MicroPython searches last: a search of the root reads the names
    of all its files. ``name``: without ``.py``. ``places``: path and line of the source of each
    line.
    """

    folder: str
    name: str
    text: str
    places: tuple[Place, ...]


def bundles(joined: Mapping[str, Compact], compiler: str) -> list[Bundle]:
    """Return the files of a node from ``join_node``; ``compiler``: what compiles them.

    All names but main end with a mark of the whole: files of two builds lie side by
    side until main.py changes from one to the other.
    """
    mark = _mark_of(joined, compiler)
    return [
        Bundle(
            "" if name.removesuffix(f"_{_MARK}") in _AT_START else "lib/",
            name.replace(_MARK, mark),
            file.text.replace(_MARK, mark),
            file.places,
        )
        for name, file in joined.items()
    ]


def has_mark(path: str) -> bool:
    """Return whether the name of a file on a board has a build's mark: it names its content."""
    return _MARKED.fullmatch(path) is not None


def join_node(
    sources: Mapping[str, str], sleep: bool, uplink: str = "mqtt", tls: bool = False
) -> dict[str, Compact]:
    """Return the joined files by name; where the mark comes in, name and text say MARK.

    ``sources``: path below the root of the board's file system -> source. ``sleep``: whether the
    node sleeps. ``uplink``: as in its settings; the code of the others is left out. ``tls``:
    whether it has TLS. A module outside the package edgenode, as main.py, is a file by itself.
    """
    files = _ASLEEP_FILES if sleep else _TLS_FILES if tls else _FILES
    sources = with_uplink(sources, uplink)
    if not sleep:
        sources = awake(sources)
    left_out = {_COMPAT, *(_paths((*_FILES[NATIVE], "core.program")) if sleep else ())}
    if files is not _TLS_FILES:
        sources = undivided(sources)
    sources = {
        path: text
        for path, text in sources.items()
        if path not in left_out and not path.endswith("__init__.py")
    }
    return _join(sources, _names(files, sources))


def _mark_of(joined: Mapping[str, Compact], compiler: str) -> str:
    """Return four hex digits of a SHA-256 over the joined files and what compiles them."""
    digest = hashlib.sha256(compiler.encode())
    for name, file in sorted(joined.items()):
        digest.update(f"{name}\n{file.text}\n".encode())
    return digest.hexdigest()[: len(_MARK)]


def _names(files: Mapping[str, tuple[str, ...]], sources: Mapping[str, str]) -> dict[str, str]:
    by_path = {path: name for name, modules in files.items() for path in _paths(modules)}
    return {
        path: f"{by_path.get(path, _STAYS)}_{_MARK}"
        if path.startswith("edgenode/")
        else path.removesuffix(".py")
        for path in sources
    }


def _paths(modules: tuple[str, ...]) -> list[str]:
    return [f"edgenode/{module.replace('.', '/')}.py" for module in modules]


def _join(sources: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Compact]:
    sources = {**sources, _MEMORY: _name_bundles(sources[_MEMORY], names)}
    joined = join(shorten(sources), names)
    texts = shorten({f"{name}.py": file.text for name, file in joined.items()}, STOCK_WORDS)
    return {
        name: as_it_is(texts[f"{name}.py"], file.starts)
        if name == MAIN
        else compact(texts[f"{name}.py"], file.starts, name == f"{_STAYS}_{_MARK}")
        for name, file in joined.items()
    }


def _name_bundles(source: str, names: Mapping[str, str]) -> str:
    """Return core/memory.py with the files that have nothing else in the place of modules."""
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in _LISTS
        ):
            listed = {f"{m.replace('.', '/')}.py" for m in ast.literal_eval(node.value).split()}
            others = {name for path, name in names.items() if path not in listed}
            files = sorted({names[path] for path in listed & set(names)} - others)
            n = (node.end_lineno or node.lineno) - node.lineno
            value = f"{node.targets[0].id} = {' '.join(files)!r}\n"
            lines[node.lineno - 1 : node.end_lineno] = [value, *["\n"] * n]
    return "".join(lines)
