"""Read the files that the settings name for TLS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise.errors import InputError
from edgewise.settings.model import complete
from edgewise.settings.reading import base_of

__all__ = ["read_named_file", "tls_files", "uses_tls"]


def tls_files(settings: Mapping[str, Any], path: Path) -> dict[str, bytes]:
    """Return the CA, certificate and key that a node with these settings needs, by file name.

    They are beside ``path``, or for nodes/NAME.toml beside the node.toml above. InputError.
    """
    full = complete(settings)
    if not uses_tls(full):
        return {}
    section = "mqtt" if full["uplink"] == "mqtt" else "server"
    base = base_of(path)
    folders = [path.parent, *([base.parent] if base else [])]
    keys = [key for key in ("ca", "cert", "key") if full[section].get(key)]
    names = {f"{section}.{key}": str(full[section][key]) for key in keys}
    return {name: read_named_file(folders, key, name) for key, name in names.items()}


def uses_tls(full: Mapping[str, Any]) -> bool:
    """Return whether a node with these complete settings speaks TLS."""
    if full["uplink"] == "mqtt":
        return bool(full["mqtt"]["tls"])
    return str(full["server"]["url"]).startswith("https:")


def read_named_file(folders: list[Path], key: str, name: str) -> bytes:
    """Return the file ``name`` of the setting ``key`` from the first folder that has it.

    InputError for a name with a folder in it, or a file that cannot be read.
    """
    if Path(name).name != name:
        raise InputError(f"{key}: {name!r} is not the name of a file beside the settings")
    path = next((f / name for f in folders if (f / name).is_file()), folders[0] / name)
    try:
        return path.read_bytes()
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): put it there") from e
