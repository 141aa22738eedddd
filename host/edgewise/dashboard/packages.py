"""The packages in the folder of models, each read once."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine

from edgewise.database.models import runs_on
from edgewise.errors import InputError
from edgewise.package.store import Package, load_package

__all__ = ["Packages"]


class Packages:
    """The packages in ``folder``; thread-safe. One that has changed is read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[Path, tuple[int, Package | None]] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """The names of all, the newest first; one that cannot be read is among them."""
        return [path.parent.name for path in self._files()]

    def readable(self) -> list[Package]:
        """All that can be read, the oldest first, as `packages_in` gives them."""
        packages = []
        with self._lock:
            for path in reversed(self._files()):
                if package := self._load(path):
                    packages.append(package)
        return packages

    def running(self, engine: Engine, node: str) -> Package | None:
        """The package that runs on ``node``; None if it is not in the folder."""
        return runs_on(engine, node, self.readable())

    def _files(self) -> list[Path]:
        paths = self._folder.glob("*/model.json")
        return sorted(paths, key=lambda path: -path.stat().st_mtime)

    def _load(self, path: Path) -> Package | None:
        changed_ns = path.stat().st_mtime_ns
        known_ns, package = self._loaded.get(path, (None, None))
        if known_ns != changed_ns:
            package = None
            with suppress(InputError):
                package = load_package(path.parent)
            self._loaded[path] = changed_ns, package
        return package
