"""Read settings from TOML files that override each other; errors name file and line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edgewise.errors import InputError
from edgewise.settings.model import KEYS, SECRETS, Wrong, check, complete, with_own_key

__all__ = ["base_of", "fleet", "has_fleet_secret", "load", "load_named", "read_values"]

Check = Callable[[Mapping[str, Any]], None]
"""A check of all settings of a node together, such as rules.check_board; raises Wrong."""

_SECRETS = "secrets.toml"
_LINE_NUMBER = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class _Layer:
    path: Path
    text: str
    values: dict[str, Any]

    def place(self, *path: str) -> str:
        """Return file:line of a section or key, or the file alone if it is not in it."""
        # The key begins on the line after the longest valid part of the file that lacks it. This
        # is right for every way to write the key in TOML.
        lines = self.text.splitlines(keepends=True)
        n_before = 0
        for n in range(1, len(lines) + 1):
            try:
                has_key = _has_key(tomllib.loads("".join(lines[:n])), path)
            except tomllib.TOMLDecodeError:
                continue
            if has_key:
                return f"{self.path}:{n_before + 1}"
            n_before = n
        return str(self.path)


def load(path: Path, check_all: Check | None = None) -> dict[str, Any]:
    """Return the checked settings of ``path`` without the defaults.

    secrets.toml beside it overrides it; nodes/NAME.toml itself overrides node.toml in the folder
    above, if there is one, and has an update.secret of its own, derived from update.fleet_secret.
    InputError names file, line and cure. ``check_all`` is for what is right in itself and still
    cannot work.
    """
    base = base_of(path)
    if base is None:
        return _merge(_read_with_secrets(path), [], check_all)
    return _merge(_read_with_secrets(base), _read_with_secrets(path), check_all)


def load_named(path: Path, name: str) -> dict[str, Any]:
    """Return the settings of the node ``name`` of the fleet of ``path``, as from `load`.

    Without a file of its own it has the settings of ``path``, its name, and a key of its own.
    """
    own = fleet(path).get(name)
    if own is not None:
        return own
    return _merge(_read_with_secrets(path), [_Layer(path, "", {"node": name})], None)


def read_values(path: Path) -> dict[str, Any]:
    """Return what one file holds, each setting checked by itself; InputError."""
    return _read(path).values


def has_fleet_secret(path: Path) -> bool:
    """Return whether each node of the fleet of ``path`` has a key of its own."""
    layers = _read_with_secrets(path)
    return any(layer.values.get("update", {}).get("fleet_secret") for layer in layers)


def fleet(path: Path, check_all: Check | None = None) -> dict[str, dict[str, Any]]:
    """Return the settings of each node of nodes/*.toml beside ``path``, by name, as from `load`.

    Empty if there are none. InputError for a file without a node's name, or with a duplicate one.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for file in sorted((path.parent / "nodes").glob("*.toml")):
        if file.name == _SECRETS:
            continue
        layers = _read_with_secrets(file)
        name = str(layers[0].values.get("node", ""))
        if not name:
            raise InputError(f'{file}: names no node: add a first line: node = "kitchen"')
        if name in nodes:
            raise InputError(f"{layers[0].place('node')}: node {name} has a file: choose another")
        nodes[name] = _merge(_read_with_secrets(path), layers, check_all)
    return nodes


def base_of(path: Path) -> Path | None:
    """Return the node.toml that nodes/NAME.toml overrides, None for any other file."""
    if path.absolute().parent.name != "nodes":
        return None
    base = path.parent.parent if path.parent.name else path.absolute().parents[1]
    return base / "node.toml" if (base / "node.toml").is_file() else None


def _read_with_secrets(path: Path) -> list[_Layer]:
    layers = [_read(path)]
    secrets = path.with_name(_SECRETS)
    if secrets.is_file() and secrets != path:
        layers.append(_read(secrets))
    return layers


def _read(path: Path) -> _Layer:
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text)
    except OSError as e:
        raise InputError(
            f"{path}: cannot be read ({e.strerror}): edgewise init writes settings"
        ) from e
    except UnicodeDecodeError as e:
        raise InputError(f"{path}: not UTF-8: save it as such") from e
    except RecursionError as e:
        raise InputError(f"{path}: not TOML (brackets too deep): correct it") from e
    except tomllib.TOMLDecodeError as e:
        match = _LINE_NUMBER.search(str(e))
        line = f":{match.group(1)}" if match else ""
        raise InputError(
            f"{path}{line}: not TOML ({_LINE_NUMBER.sub('', str(e))}): correct it"
        ) from e
    layer = _Layer(path, text, values)
    try:
        check(values)
    except Wrong as e:
        raise InputError(f"{layer.place(*e.path)}: {e}: {_cure(e)}") from e
    _check_mode(layer)
    return layer


def _cure(wrong: Wrong) -> str:
    if not str(wrong).endswith("is not known"):
        return "correct it"
    names = [*KEYS, *dict.fromkeys(key.split(".")[0] for key in KEYS if "." in key)]
    similar = get_close_matches(".".join(wrong.path), names, 1)
    # the key may be in the wrong section, or in none
    similar += [key for key in KEYS if key.split(".")[-1] == wrong.path[-1]]
    return f"did you mean {similar[0]}?" if similar else "edgewise config schema lists them"


def _check_mode(layer: _Layer) -> None:
    secrets = [key for key in SECRETS if _has_key(layer.values, key.split("."))]
    if os.name != "posix" or not (secrets or layer.path.name == _SECRETS):
        return
    if layer.path.stat().st_mode & 0o077:
        secret = secrets[0] if secrets else "secrets"
        raise InputError(
            f"{layer.path}: holds {secret} and others can read it: run: chmod 600 {layer.path}"
        )


def _has_key(values: Any, path: Sequence[str]) -> bool:
    # of a list of tables, as [[outputs]], the n-th has the name n
    for name in path:
        if isinstance(values, list):
            values = {str(n): value for n, value in enumerate(values, 1)}
        if not isinstance(values, dict) or name not in values:
            return False
        values = values[name]
    return True


def _merge(base: list[_Layer], own: list[_Layer], check_all: Check | None) -> dict[str, Any]:
    # own: the files of a node of a fleet, which override base
    merged: dict[str, Any] = {}
    layers = base + own
    for layer in layers:
        for key, value in layer.values.items():
            merged[key] = merged.get(key, {}) | value if isinstance(value, dict) else value
    try:
        merged = with_own_key(merged, [layer.values for layer in own])
        complete(merged)
        if check_all:
            check_all(merged)
    except Wrong as e:
        raise InputError(f"{_place_of(layers, e.path)}: {e.line}") from e
    return merged


def _place_of(layers: list[_Layer], path: Sequence[str]) -> str:
    layers_with_key = (layer for layer in reversed(layers) if _has_key(layer.values, path))
    return next(layers_with_key, layers[-1]).place(*path)
