"""TOML files, one over the other; what is wrong is named with file and line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edgewise.errors import InputError
from edgewise.settings.model import KEYS, SECRETS, Wrong, check, complete

__all__ = ["base_of", "fleet", "load"]

_SECRETS = "secrets.toml"
_AT = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class _Layer:
    path: Path
    text: str
    values: dict[str, Any]

    def place(self, *path: str) -> str:
        """file:line of a section or key, the file alone where it is not in it."""
        # The line after the last whole part of the file that does not hold it: right for every
        # way in which TOML can say it.
        lines = self.text.splitlines(keepends=True)
        before = 0
        for n in range(1, len(lines) + 1):
            try:
                there = _has(tomllib.loads("".join(lines[:n])), path)
            except tomllib.TOMLDecodeError:
                continue
            if there:
                return f"{self.path}:{before + 1}"
            before = n
        return str(self.path)


def load(path: Path) -> dict[str, Any]:
    """The checked settings of ``path``, as given: without the defaults.

    Over it goes secrets.toml beside it; nodes/NAME.toml itself goes over node.toml in the folder
    above, where there is one. InputError names file, line and cure.
    """
    base = base_of(path)
    return _merge(
        [*_read_with_secrets(base), *_read_with_secrets(path)]
        if base
        else _read_with_secrets(path)
    )


def fleet(path: Path) -> dict[str, dict[str, Any]]:
    """The settings of each node of nodes/*.toml beside ``path``, by its name, as `load` does.

    Empty where there are none. InputError for a file that names no node, or one of another file.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in sorted((path.parent / "nodes").glob("*.toml")):
        if file.name == _SECRETS:
            continue
        layers = _read_with_secrets(file)
        name = str(layers[0].values.get("node", ""))
        if not name:
            raise InputError(f'{file}: names no node: add a first line: node = "kitchen"')
        if name in found:
            raise InputError(f"{layers[0].place('node')}: node {name} has a file: choose another")
        found[name] = _merge([*_read_with_secrets(path), *layers])
    return found


def base_of(path: Path) -> Path | None:
    """The node.toml over which nodes/NAME.toml goes, None for any other file."""
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
        at = _AT.search(str(e))
        line = f":{at.group(1)}" if at else ""
        raise InputError(f"{path}{line}: not TOML ({_AT.sub('', str(e))}): correct it") from e
    layer = _Layer(path, text, values)
    try:
        check(values)
    except Wrong as e:
        raise InputError(f"{layer.place(*e.path)}: {e}: {_cure(e)}") from e
    _private(layer)
    return layer


def _cure(wrong: Wrong) -> str:
    if not str(wrong).endswith("is not known"):
        return "correct it"
    names = [*KEYS, *dict.fromkeys(key.split(".")[0] for key in KEYS if "." in key)]
    near = get_close_matches(".".join(wrong.path), names, 1)
    # one may have put it into the wrong section, or into none
    near += [key for key in KEYS if key.split(".")[-1] == wrong.path[-1]]
    return f"did you mean {near[0]}?" if near else "edgewise config schema lists them"


def _private(layer: _Layer) -> None:
    held = [key for key in SECRETS if _has(layer.values, key.split("."))]
    if os.name != "posix" or not (held or layer.path.name == _SECRETS):
        return
    if layer.path.stat().st_mode & 0o077:
        what = held[0] if held else "secrets"
        raise InputError(
            f"{layer.path}: holds {what} and others can read it: run: chmod 600 {layer.path}"
        )


def _has(values: Any, path: Sequence[str]) -> bool:
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return False
        values = values[name]
    return True


def _merge(layers: list[_Layer]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.values.items():
            merged[key] = merged.get(key, {}) | value if isinstance(value, dict) else value
    try:
        complete(merged)
    except Wrong as e:
        raise InputError(f"{_place_of(layers, e.path)}: {e}: correct it") from e
    return merged


def _place_of(layers: list[_Layer], path: Sequence[str]) -> str:
    holding = (layer for layer in reversed(layers) if _has(layer.values, path))
    return next(holding, layers[-1]).place(*path)
