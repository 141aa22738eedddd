"""Write new settings: node.toml for all, secrets.toml that only its owner can read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewise.errors import InputError, unwritable
from edgewise.logs.writing import write_atomic
from edgewise.settings.model import SECRETS, Wrong, check, complete
from edgewise.settings.reading import base_of, fleet, has_fleet_secret, load, read_values
from edgewise.settings.rules import check_board

__all__ = ["add_to_fleet", "write"]

_NODE_HEADER = (
    "# Settings of a node; `edgewise config schema` and docs/node.md list all there are.\n"
)
_SECRETS_HEADER = "# Keep it to yourself: mode 600, and never into a repository.\n"
# a build holds the secrets too
_IGNORED = ("secrets.toml", "build/")


def write(path: Path, values: Mapping[str, Any], force: bool = False) -> list[Path]:
    """Write ``values`` to ``path`` and secrets.toml beside it; return the written files.

    Keys for updates that are there stay. A secrets.toml that is there with the same passwords
    serves ``path`` too. nodes/NAME.toml gets only what differs from the node.toml above, and its
    own secrets. .gitignore lists what holds secrets. InputError for invalid values, and for an
    existing file, or other passwords in secrets.toml, unless ``force``.
    """
    base = base_of(path)
    _check(_merge(load(base), values) if base else values)
    secrets = path.with_name("secrets.toml")
    if path == secrets:
        raise InputError(f"{path}: is for the secrets: name another file")
    if path.exists() and not force:
        raise InputError(
            f"{path}: exists already: name another, or --force replaces it; "
            f"{_second_cure(path, values)}"
        )
    if base:
        return _write_own(path, base, values)
    public_values, secret_values = _split_secrets(values)
    old = _read_secrets(secrets, force)
    if old and not force:
        _check_shared(secrets, old, secret_values, _second_cure(path, values))
    if old.get("update"):  # another key would lock out the nodes in the field
        secret_values.pop("update", None)
    secret_values = _merge(old, secret_values)
    ignore = path.with_name(".gitignore")
    _check_no_folder(path, secrets, ignore)
    write_atomic(ignore, _complete_gitignore(ignore, _IGNORED).encode())
    written = [path, ignore]
    if secret_values != old:
        write_atomic(secrets, (_SECRETS_HEADER + _toml(secret_values)).encode(), 0o600)
        written.insert(1, secrets)
    write_atomic(path, (_NODE_HEADER + _toml(public_values)).encode())
    return written


def add_to_fleet(path: Path, name: str, comment: str) -> Path | None:
    """Write nodes/``name``.toml beside ``path``, which holds the name alone; return it.

    None if a file of the fleet has this name already. InputError if it cannot be written.
    """
    if name in fleet(path):
        return None
    file = path.parent / "nodes" / f"{name}.toml"
    if file.exists():
        raise InputError(f"{file}: is of another node: name it {name}, or rename the file")
    _make_folder(file.parent)
    write_atomic(file, f"# {comment}\n{_toml({'node': name})}".encode())
    return file


def _write_own(path: Path, base: Path, values: Mapping[str, Any]) -> list[Path]:
    name = values.get("node", "")
    if not name:
        raise InputError(f"{path}: names no node: --node {path.stem}")
    others = {node for node in fleet(base) if path != _file_of(base, node)}
    if name in others or name == load(base).get("node"):
        raise InputError(f"{path}: another file beside it names the node {name}: choose another")
    own = _difference(values, complete(load(base)))
    if path.exists() and (kept := read_values(path).get("update")):
        own["update"] = kept
    elif has_fleet_secret(base):
        own.pop("update", None)  # its key is derived
    else:
        own.get("update", {}).pop("fleet_secret", None)
    has_secrets = bool(_split_secrets(own)[1])
    ignore = path.with_name(".gitignore")
    _check_no_folder(path, ignore)
    _make_folder(path.parent)
    written = [path]
    if has_secrets:
        write_atomic(ignore, _complete_gitignore(ignore, (path.name,)).encode())
        written.append(ignore)
    write_atomic(path, (_NODE_HEADER + _toml(own)).encode(), 0o600 if has_secrets else 0o666)
    return written


def _file_of(base: Path, node: str) -> Path | None:
    files = (base.parent / "nodes").glob("*.toml")
    return next((file for file in files if read_values(file).get("node") == node), None)


def _difference(values: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            value = _difference(value, base.get(key, {}))
            if value:
                own[key] = value
        elif value != base.get(key):
            own[key] = value
    return own


def _check(values: Mapping[str, Any]) -> None:
    try:
        check(values)
        check_board(values)
    except Wrong as e:
        raise InputError(e.line) from e


def _second_cure(path: Path, values: Mapping[str, Any]) -> str:
    name = values.get("node") or "kitchen"
    if (path.parent / "node.toml").is_file():
        return f"a second node: --out {path.parent / 'nodes' / name}.toml"
    return "a second node: another folder, or nodes/NAME.toml below node.toml"


def _read_secrets(path: Path, force: bool) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return read_values(path)
    except InputError:
        if not force:
            raise
        return {}


def _check_shared(path: Path, old: Mapping[str, Any], new: Mapping[str, Any], cure: str) -> None:
    for section, key in (name.split(".") for name in SECRETS if not name.startswith("update.")):
        value = new.get(section, {}).get(key)
        if value is not None and value != old.get(section, {}).get(key, ""):
            raise InputError(
                f"{path}: is there with another {section}.{key}, of the settings beside it: "
                f"--force replaces it for them too; {cure}"
            )


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, Mapping) else value
    return merged


def _split_secrets(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    public_values = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    secret_values: dict[str, Any] = {}
    for name in SECRETS:
        section, key = name.split(".")
        if key in public_values.get(section, {}):
            secret_values.setdefault(section, {})[key] = public_values[section].pop(key)
    return {k: v for k, v in public_values.items() if v != {}}, secret_values


def _check_no_folder(*files: Path) -> None:
    for file in files:
        if file.is_dir():
            raise InputError(f"{file}: is a folder: name another file")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as e:
        raise unwritable(folder, e) from e


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


def _complete_gitignore(path: Path, names: Sequence[str]) -> str:
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{path}: cannot be read ({e}): correct it") from e
    if text and not text.endswith("\n"):
        text += "\n"
    missing = [line for line in names if line not in text.splitlines()]
    return text + "".join(f"{line}\n" for line in missing)
