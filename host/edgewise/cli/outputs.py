"""What a command writes never replaces an input, nor a file that Edgewise did not write.

Each check comes before the work begins. A command may replace what it wrote before: that is known
by its mark, such as the header of a CSV file.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from edgewise.errors import InputError, unwritable

__all__ = [
    "DATASET",
    "FEATURES",
    "LOG",
    "PAGE",
    "PICTURE",
    "PREDICTIONS",
    "RANKING",
    "Kind",
    "check_file",
    "check_folder",
    "check_grown_file",
    "check_package",
    "is_same",
]

_CURE = "choose another --out"
_HEAD_BYTES = 1 << 16
_TAIL_BYTES = 1 << 12
_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
_TEXT = rb'("(?:[^"]|"")*"|[^,"\n]*)'
_LOG_HEADER = re.compile(rb"time,(node,)?temperature,humidity(,%b)?\n" % _TEXT)
_LOG_ROW = rb"%b,%b(-?\d+\.\d)?,(\d+\.\d)?[,\n]"


@dataclass(frozen=True)
class Kind:
    """A kind of result. ``name``: for messages; ``is_ours``: whether Edgewise wrote an open file
    of it."""

    name: str
    is_ours: Callable[[BufferedReader], bool]


def _has_head(pattern: bytes) -> Callable[[BufferedReader], bool]:
    compiled = re.compile(pattern)
    return lambda file: compiled.match(file.read(_HEAD_BYTES)) is not None


def _is_log(file: BufferedReader) -> bool:
    # Other loggers may have the same header; times and decimals tell them from Edgewise.
    header = _LOG_HEADER.fullmatch(file.readline(_HEAD_BYTES))
    if header is None:
        return False
    row = re.compile(_LOG_ROW % (_TIME, _TEXT + b"," if header[1] else b""))
    return all(map(row.match, file))


def _is_dataset(file: BufferedReader) -> bool:
    from edgewise.logs.public import SHA256

    if file.readline(_HEAD_BYTES) == b"split,time,temp_c,rh,occupied,origin\n":
        return all(b",SYNTHETIC" in line for line in file)
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def _is_picture(file: BufferedReader) -> bool:
    head = file.read(_HEAD_BYTES)
    file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
    return any(b"Edgewise" in part for part in (head, file.read()))


PREDICTIONS = Kind("predictions", _has_head(rb"time,node,class,confidence(,unusual)?\n"))
FEATURES = Kind("a table of features", _has_head(rb"time,node,class(,[a-z]+_[a-z]+(_\d+)*)+\n"))
RANKING = Kind("a ranking of features", _has_head(rb"feature,from,bits,closest,alike\n"))
DATASET = Kind("the public log", _is_dataset)
LOG = Kind("a log", _is_log)
PAGE = Kind(
    "a report", _has_head(rb'<!doctype html>\n<html.*<meta name="generator" content="Edge')
)
PICTURE = Kind("a picture", _is_picture)


def check_file(
    path: Path, kind: Kind, inputs: Iterable[Path | None] = (), option: str = "--out"
) -> None:
    """Raise InputError unless the command may write ``path`` as a whole.

    That is a new file, an empty one, or a result of the same kind, in a folder that can be
    written, outside the inputs of the command and outside of any model package.
    """
    cure = f"choose another {option}"
    check_grown_file(path, inputs, option)
    try:
        if path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                is_ours = kind.is_ours(file)
            if not is_ours:
                raise InputError(
                    f"{path}: is there, and not {kind.name} that Edgewise wrote: {cure}, or move "
                    "that file"
                )
    except OSError as e:
        raise unwritable(path, e, cure) from e
    _check_rights(path, path.parent, cure)


def check_grown_file(
    path: Path, inputs: Iterable[Path | None] = (), option: str = "--out"
) -> None:
    """Raise InputError for an input, a folder, a device or a place inside a model package.

    The command that adds rows to a file checks its header itself.
    """
    cure = f"choose another {option}"
    for other in inputs:
        if other is not None and is_same(path, other):
            raise InputError(f"{path}: is an input of this command: {cure}")
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder: name a file with {option}")
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: is not an ordinary file: {cure}")
    except OSError as e:
        raise unwritable(path, e, cure) from e
    _check_no_package(path, cure)


def check_package(path: Path, inputs: Iterable[Path | None] = ()) -> None:
    """Raise InputError unless the command may write a model package to ``path``.

    An old package is replaced as a whole, so it must not hold an input or any other file. A
    package may be compiled into its own folder.
    """
    from edgenode.core.loader import check_names
    from edgewise.package import store

    if path.name in ("", ".."):
        raise InputError(f"{path}: a package is a folder with a name of its own: {_CURE}")
    for other in inputs:
        if other is not None and other.is_file() and _is_inside(other, path):
            raise InputError(f"{other}: is an input of this command: {_CURE}")
    _check_no_package(path.parent, _CURE)
    try:
        store.check_place(path)
    except OSError as e:
        raise unwritable(path, e, _CURE) from e
    try:
        check_names([path.name], "name", 1)
    except ValueError as e:
        raise InputError(f"{path}: the folder names the model, and {e}: {_CURE}") from e
    _check_rights(path, _existing_parent(path.absolute().parent), _CURE)


def check_folder(path: Path, cure: str = _CURE) -> None:
    """Raise InputError for a folder in a model package, and one that cannot be made or written.

    The command itself checks that what it replaces in the folder is its own.
    """
    _check_no_package(path, cure)
    _check_rights(path, _existing_parent(path.absolute()), cure)


def _existing_parent(folder: Path) -> Path:
    # The missing folders below it will be made.
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_rights(path: Path, folder: Path, cure: str) -> None:
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", dir=folder):
            pass
    except OSError as e:
        raise unwritable(path, e, cure) from e


def is_same(path: Path, other: Path) -> bool:
    """Whether both are one file, also by a link."""
    try:
        return path.samefile(other)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)


def _is_inside(path: Path, folder: Path) -> bool:
    real = Path(os.path.realpath(folder))
    return real == (inner := Path(os.path.realpath(path))) or real in inner.parents


def _check_no_package(path: Path, cure: str) -> None:
    from edgewise.package.reading import is_package

    real = Path(os.path.realpath(path))
    for folder in (real, *real.parents):
        if is_package(folder):
            raise InputError(f"{path}: is in the model package {folder}: {cure}")
