"""The folder of a station: database, models, keys and broker files, and a lock for one `up`."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgewise import settings
from edgewise.broker.folder import Account
from edgewise.errors import InputError, unwritable
from edgewise.logs.writing import write_atomic
from edgewise.paths import default_model, hold

__all__ = ["StationFolder"]

_NODE = Path("node.toml")
_SIMULATED = Path("simulated/node.toml")
_SIMULATED_TEXT = """\
# Written by edgewise up: the key of simulated nodes. Keep it to yourself.
[update]
secret = "{}"
"""
_CURE = "name another folder"


class StationFolder:
    """``path``: the folder. It has ``edgewise.db``, ``models/`` and what is named here.

    ``private``: lock and files of the broker on loopback. ``broker``: the folder of the broker
    with passwords, as `edgewise broker init` makes it.
    """

    DB = "sqlite:///edgewise.db"
    MODELS = "models"
    NOTIFY = "notify.toml"
    SIMULATED = str(_SIMULATED)

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.private = self.path / ".edgewise"
        self.broker = self.path / "broker"

    @property
    def config(self) -> str:
        """The settings with the nodes' keys, relative to the folder: node.toml if it has one."""
        return str(_NODE if (self.path / _NODE).is_file() else _SIMULATED)

    @property
    def has_notify(self) -> bool:
        """Whether the folder has settings of notifications."""
        return (self.path / self.NOTIFY).is_file()

    def make(self) -> None:
        """Make the folder, if it is missing; InputError where it cannot be made."""
        self._make(self.path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and hold it during the block; InputError if another process does."""
        self.make()
        self._make(self.private)
        self._ignore(self.private)
        lock = self.private / "lock"
        try:
            file = lock.open("a+")
        except OSError as e:
            raise unwritable(lock, e, _CURE) from e
        with file:
            hold(file, self._busy)
            yield

    def _busy(self, process: str) -> str:
        return f"{self.path}: edgewise up runs here already, process {process}: end it, or {_CURE}"

    def complete(self) -> None:
        """Write what is missing: the folder of the models, and the key of simulated nodes.

        The key is that of node.toml, if it has one: then the page can push to both.
        """
        self._make(self.path / self.MODELS)
        node = self.path / _NODE
        simulated = self.path / _SIMULATED
        wanted = _secret(node) or _secret(simulated) or secrets.token_hex(32)
        if _secret(simulated) != wanted:
            if simulated.is_file() and not _is_ours(simulated):
                raise InputError(f"{simulated}: was not written by edgewise up: move that file")
            self._make(simulated.parent)
            self._ignore(simulated.parent)
            write_atomic(simulated, _SIMULATED_TEXT.format(wanted).encode(), 0o600)

    def add_default_model(self) -> str:
        """Return the default model, relative to the folder, after copying it there if missing."""
        source = default_model()
        model = self.path / self.MODELS / source.name
        if not model.exists():
            try:
                shutil.copytree(source, model)
            except OSError as e:
                raise unwritable(model, e, _CURE) from e
        return f"{self.MODELS}/{source.name}"

    def make_broker_data(self, account: Account) -> None:
        """Make the folder where the broker on loopback keeps messages, for its user."""
        data = self.private / "data"
        self._make(data)
        if not os.geteuid():
            os.chown(data, account.uid, account.gid)

    def ignore_broker(self) -> None:
        """Keep the broker's secrets out of a repository."""
        self._ignore(self.broker)

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(exist_ok=True, parents=True)
        except FileExistsError as e:
            raise InputError(f"{folder}: is a file: {_CURE}") from e
        except OSError as e:
            raise unwritable(folder, e, _CURE) from e

    def _ignore(self, folder: Path) -> None:
        if not (folder / ".gitignore").exists():
            write_atomic(folder / ".gitignore", b"*\n")


def _is_ours(path: Path) -> bool:
    return path.read_text(errors="replace").startswith(_SIMULATED_TEXT.partition("\n")[0])


def _secret(path: Path) -> str:
    if not path.is_file():
        return ""
    return str(settings.load(path).get("update", {}).get("secret", ""))
