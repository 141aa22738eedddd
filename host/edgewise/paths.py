"""Paths of the node's files, the simulator, the cache and the user's configuration."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from platformdirs import user_cache_dir, user_config_path

from edgewise.errors import EdgewiseError, InputError, OutsideError

__all__ = [
    "cache_dir",
    "checkout",
    "config_dir",
    "default_model",
    "hold",
    "linux_dirs",
    "make_cache_dir",
    "make_config_dir",
    "node_dirs",
    "node_files",
    "shipped_model",
    "simulator_dir",
    "simulator_dirs",
]

_HERE = Path(__file__).resolve().parent
_MODEL = "occupancy"


def node_files() -> dict[str, Path]:
    """Return the path of each of the node's files here, by its path on the board.

    Keys: "main.py" and "edgenode/**.py" with forward slashes, sorted.
    Raises EdgewiseError when the installation lacks one.
    """
    package = _node_package()
    folder = _HERE / "_node"  # in the wheel; in a checkout they are beside the package
    if not folder.is_dir():
        folder = package.parent
    files = {"main.py": folder / "main.py"}
    for path in package.rglob("*.py"):
        files["edgenode/" + path.relative_to(package).as_posix()] = path
    missing = [name for name, path in files.items() if not path.is_file()]
    if missing:
        raise EdgewiseError(f"the node's {missing[0]} is not in {folder}; install edgewise again")
    return dict(sorted(files.items()))


def default_model() -> Path:
    """Return the folder of the model package that comes with Edgewise; EdgewiseError without."""
    folder = shipped_model(_MODEL)
    if folder is None:
        raise EdgewiseError("the model occupancy is not installed; install edgewise again")
    return folder


def shipped_model(name: str) -> Path | None:
    """Return the folder of a model package that comes with Edgewise; None for another name."""
    for folder in (_HERE / "_models", _HERE.parents[1] / "models"):  # in the wheel, in a checkout
        if (folder / name / "model.json").is_file():
            return folder / name
    return None


def node_dirs() -> list[Path]:
    """Return the folders of main.py and of the package edgenode, for MICROPYPATH."""
    files = node_files()
    return list(dict.fromkeys([files["main.py"].parent, files["edgenode/app.py"].parents[1]]))


def checkout() -> Path | None:
    """Return the folder of the source repository that this runs from, None if installed."""
    folder = _HERE.parents[1]
    return folder if (folder / "pyproject.toml").is_file() else None


def simulator_dir() -> Path:
    """Return the folder of a simulated board's own MicroPython modules and scripts."""
    return _HERE / "simulator" / "board"


def simulator_dirs() -> list[Path]:
    """Return the folders of MicroPython modules that replace the board's (MICROPYPATH)."""
    return [simulator_dir(), _shared_board_dir()]


def linux_dirs() -> list[Path]:
    """Return the folders of MicroPython modules that are the board's on Linux (MICROPYPATH)."""
    return [_HERE / "linux" / "board", _shared_board_dir()]


def _shared_board_dir() -> Path:
    return _HERE / "toolchain" / "board"


def cache_dir() -> Path:
    """Return the folder for downloads: EDGEWISE_CACHE or the user's cache. May not exist yet."""
    cache = os.environ.get("EDGEWISE_CACHE")
    return Path(cache).expanduser().absolute() if cache else Path(user_cache_dir("edgewise"))


def make_cache_dir() -> Path:
    """Return cache_dir() after making it; OutsideError if it cannot be made."""
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise OutsideError(
            f"{folder}: cannot be written ({e.strerror}): set EDGEWISE_CACHE"
        ) from e
    return folder


def config_dir() -> Path:
    """Return the folder for the password and the keys of this user. May not exist yet."""
    return user_config_path("edgewise")


def make_config_dir() -> Path:
    """Return config_dir() after making it for its owner only; InputError if it cannot be made."""
    folder = config_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise InputError(f"{folder}: cannot be made ({e.strerror}): check rights") from e
    return folder


def hold(file: TextIO, busy: Callable[[str], str]) -> None:
    """Lock ``file``, opened with "a+", until it is closed, and note this process in it.

    InputError with ``busy(number)`` if the process ``number`` holds it. The system frees it when a
    process ends, however that ends.
    """
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        file.seek(0)
        raise InputError(busy(file.read().strip() or "unknown")) from e
    with suppress(OSError):  # a full disk
        file.truncate(0)
        os.write(file.fileno(), f"{os.getpid()}\n".encode())


def _node_package() -> Path:
    spec = find_spec("edgenode")
    if spec is None or not spec.submodule_search_locations:
        raise EdgewiseError("the package edgenode is not installed; install edgewise again")
    return Path(next(iter(spec.submodule_search_locations)))
