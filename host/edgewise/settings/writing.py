"""New settings: node.toml for everybody, secrets.toml for its owner alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.errors import InputError
from edgewise.logs.writing import write_atomic
from edgewise.settings.model import SECRETS, Wrong, check, complete

__all__ = ["write"]

_NODE = "# Settings of a node; `edgewise config schema` and docs/node.md list all there are.\n"
_SECRET = "# Keep it to yourself: mode 600, and never into a repository.\n"
# the build holds the secrets as well
_IGNORED = ("secrets.toml", "build/")


def write(path: Path, given: Mapping[str, Any], force: bool = False) -> list[Path]:
    """Write ``given`` to ``path`` and secrets.toml beside it; return what was written.

    .gitignore beside them names what holds secrets. InputError for values that cannot be and for
    files that are there, unless ``force``.
    """
    try:
        check(given)
        complete(given)
    except Wrong as e:
        raise InputError(f"{e}: correct it") from e
    secrets = path.with_name("secrets.toml")
    if path == secrets:
        raise InputError(f"{path}: is for the secrets: name another file")
    for file in (path, secrets):
        if file.exists() and not force:
            raise InputError(f"{file}: exists already: name another, or --force replaces both")
    shown, hidden = _split_secrets(given)
    ignore = path.with_name(".gitignore")
    for file in (path, secrets, ignore):
        if file.is_dir():
            raise InputError(f"{file}: is a folder: name another file")
    write_atomic(ignore, _read_lines(ignore).encode())
    write_atomic(secrets, (_SECRET + _toml(hidden)).encode(), 0o600)
    write_atomic(path, (_NODE + _toml(shown)).encode())
    return [path, secrets, ignore]


def _split_secrets(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shown = {k: dict(v) if isinstance(v, Mapping) else v for k, v in given.items()}
    hidden: dict[str, Any] = {}
    for name in SECRETS:
        section, key = name.split(".")
        if key in shown.get(section, {}):
            hidden.setdefault(section, {})[key] = shown[section].pop(key)
    return {k: v for k, v in shown.items() if v != {}}, hidden


def _toml(values: Mapping[str, Any]) -> str:
    parts = sorted(values.items(), key=lambda item: isinstance(item[1], dict))
    text = ""
    for name, value in parts:
        if isinstance(value, dict):
            text += f"\n[{name}]\n" + "".join(_line(*item) for item in value.items())
        else:
            text += _line(name, value)
    return text


def _line(key: str, value: Any) -> str:
    # JSON's text, numbers and switches are TOML's, but for one character
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {text}\n"


def _read_lines(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: cannot be read ({e}): correct it") from e
    if text and not text.endswith("\n"):
        text += "\n"
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    return text + "".join(f"{line}\n" for line in missing)
