"""Read the files of a package, whoever made them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from edgewise.errors import InputError

__all__ = [
    "FILE_MAX_BYTES",
    "JSON_MAX_BYTES",
    "MANIFEST",
    "is_package",
    "listed_files",
    "parse_object",
    "read_file",
]

MANIFEST = "model.json"

FILE_MAX_BYTES = 64 * 2**20
JSON_MAX_BYTES = 8 * 2**20  # 200 times the largest; each byte takes up to 50 in memory


def read_file(path: Path, max_bytes: int = FILE_MAX_BYTES, cure: str = "train again") -> bytes:
    """Return the bytes of an ordinary file; InputError for a pipe, a device or a larger file."""
    try:
        # without O_NONBLOCK, opening a pipe waits for its writer
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(f"{path}: not an ordinary file: {cure}")
            data = file.read(max_bytes + 1)
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): {cure}") from e
    if len(data) > max_bytes:
        raise InputError(f"{path}: larger than {max_bytes} bytes: {cure}")
    return data


def parse_object(path: Path, data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``, the content of ``path``; InputError if it is none."""
    try:
        value = json.loads(data)
    except ValueError as e:
        raise InputError(f"{path}: not JSON ({e}): train again") from e
    except RecursionError as e:
        raise InputError(f"{path}: not JSON (brackets too deep): train again") from e
    if not isinstance(value, dict):
        raise InputError(f"{path}: not a JSON object: train again")
    return value


def is_package(folder: Path) -> bool:
    """Whether ``folder`` has a model.json of Edgewise; other programs use that name, too."""
    return bool(listed_files(folder))


def listed_files(folder: Path) -> set[str]:
    """Return the names of the files that the model.json of ``folder`` lists; none without one."""
    path = folder / MANIFEST
    try:
        info = parse_object(path, read_file(path, JSON_MAX_BYTES))
    except InputError:
        return set()
    files = info.get("sha256")
    return set(files) if isinstance(files, dict) and "format" in info else set()
