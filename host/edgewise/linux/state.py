"""The state folder: what a board's flash is to a node."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from edgewise.errors import InputError, unwritable
from edgewise.logs.writing import write_atomic
from edgewise.paths import hold

__all__ = ["StateFolder"]

_CURE = "name another folder with --state"
_LOCK, _DEPLOYED = "lock", "deployed.json"
_STATE = "state"
# the previous file stays as .old, as when the node itself replaces it
_KEEP_OLD = ("config.json", "model.bin")


class StateFolder:
    """``path``: the folder of one node, which its owner alone reads."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def lock(self) -> TextIO:
        """Make the folder and hold it for this process; return the file that holds it.

        InputError if another process does, for a folder of something else, or where it cannot be
        made.
        """
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / _LOCK).is_file():
            raise InputError(f"{self.path}: holds other files than a node's state: {_CURE}")
        for folder, mode in ((self.path, 0o700), (self.path / _STATE, 0o777)):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=mode)
            except OSError as e:
                raise unwritable(folder, e, _CURE) from e
        try:
            file = (self.path / _LOCK).open("a+")
        except OSError as e:
            raise unwritable(self.path / _LOCK, e, _CURE) from e
        hold(file, self._busy)
        if not (ignore := self.path / ".gitignore").exists():
            write_atomic(ignore, b"*\n")  # the settings there hold the secrets
        return file

    def _busy(self, process: str) -> str:
        return f"{self.path}: process {process} runs a node here already: end it, or {_CURE}"

    def install(self, files: Mapping[str, bytes]) -> list[str]:
        """Write what is new in ``files`` since the last call; return the names.

        A file that is the same as at the last call stays as the node may have changed it: it got
        another over the air. InputError for a name that the node uses, or one that cannot be
        written; OutsideError on a full disk.
        """
        old = self._deployed()
        for name in files.keys() - old.keys() - {*_KEEP_OLD}:
            if (path := self.path / name).exists():
                raise InputError(f"{path}: is a file of the node: rename the one for TLS")
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        new = [
            name
            for name, digest in digests.items()
            if old.get(name) != digest or not (self.path / name).is_file()
        ]
        if digests != old:
            # whatever ends this in between, the next call writes them again
            self._note({**digests, **dict.fromkeys(new, "")})
        for name in new:
            self._replace(self.path / name, files[name])
        for name in old.keys() - files.keys():
            (self.path / name).unlink(missing_ok=True)
        if digests != old:
            self._note(digests)
        return new

    def _note(self, digests: Mapping[str, str]) -> None:
        write_atomic(self.path / _DEPLOYED, json.dumps(digests).encode(), 0o600)

    def _replace(self, path: Path, data: bytes) -> None:
        if path.name in _KEEP_OLD and path.is_file():
            self._keep_old(path)
        write_atomic(path, data, 0o600)

    def _keep_old(self, path: Path) -> None:
        previous = path.with_name(f"{path.name}.old")
        try:
            previous.unlink(missing_ok=True)
            os.link(path, previous)
        except OSError as e:
            raise unwritable(previous, e, _CURE) from e

    def _deployed(self) -> dict[str, str]:
        with suppress(OSError, ValueError):
            value = json.loads((self.path / _DEPLOYED).read_bytes())
            if isinstance(value, dict):
                return value
        return {}
