"""Write new settings: node.toml for all, secrets.toml that only its owner can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.errors import InputError
from edgewise.logs.writing import write_atomic
from edgewise.settings.model import SECRETS, Wrong, check, complete

__all__ = ["write"]

_NODE_HEADER = (
    "# Settings of a node; `edgewise config schema` and docs/node.md list all there are.\n"
)
_SECRETS_HEADER = "# Keep it to yourself: mode 600, and never into a repository.\n"
# a build holds the secrets too
_IGNORED = ("secrets.toml", "build/")


def write(path: Path, values: Mapping[str, Any], force: bool = False) -> list[Path]:
    """Write ``values`` to ``path`` and secrets.toml beside it; return the written files.

    .gitignore beside them lists what holds secrets. InputError for invalid values, and for
    existing files unless ``force``.
    """
    try:
        check(values)
        complete(values)
    except Wrong as e:
        raise InputError(f"{e}: correct it") from e
    secrets = path.with_name("secrets.toml")
    if path == secrets:
        raise InputError(f"{path}: is for the secrets: name another file")
    for file in (path, secrets):
        if file.exists() and not force:
            raise InputError(f"{file}: exists already: name another, or --force replaces both")
    public_values, secret_values = _split_secrets(values)
    ignore = path.with_name(".gitignore")
    for file in (path, secrets, ignore):
        if file.is_dir():
            raise InputError(f"{file}: is a folder: name another file")
    write_atomic(ignore, _complete_gitignore(ignore).encode())
    write_atomic(secrets, (_SECRETS_HEADER + _toml(secret_values)).encode(), 0o600)
    write_atomic(path, (_NODE_HEADER + _toml(public_values)).encode())
    return [path, secrets, ignore]


def _split_secrets(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    public_values = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    secret_values: dict[str, Any] = {}
    for name in SECRETS:
        section, key = name.split(".")
        if key in public_values.get(section, {}):
            secret_values.setdefault(section, {})[key] = public_values[section].pop(key)
    return {k: v for k, v in public_values.items() if v != {}}, secret_values


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
    # text, numbers and booleans are the same in JSON and TOML, except for one character
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {text}\n"


def _complete_gitignore(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: cannot be read ({e}): correct it") from e
    if text and not text.endswith("\n"):
        text += "\n"
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    return text + "".join(f"{line}\n" for line in missing)
