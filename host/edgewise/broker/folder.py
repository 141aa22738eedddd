"""The folder of the broker's files: their owners and modes; each is written whole or not."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import InputError, OutsideError
from edgewise.logs.writing import write_atomic

__all__ = ["Account", "Folder", "broker_account"]


@dataclass(frozen=True)
class Account:
    """The user that the broker runs as."""

    name: str
    uid: int
    gid: int


def broker_account() -> Account:
    """Return the current user, or for root the user mosquitto, which mosquitto changes to.

    OutsideError when root has no such user.
    """
    uid = os.geteuid()
    try:
        user = pwd.getpwuid(uid) if uid else pwd.getpwnam("mosquitto")
    except KeyError as e:
        if uid:
            return Account(str(uid), uid, os.getegid())
        raise OutsideError(
            "there is no user mosquitto here, and root's broker would run as that: "
            "install mosquitto (make system-deps), or do this as another user"
        ) from e
    return Account(user.pw_name, user.pw_uid, user.pw_gid)


class Folder:
    """A folder that belongs to the user who makes it; the broker may pass through it.

    The file ``mark`` shows that `edgewise broker init` made the folder.
    """

    def __init__(self, path: Path, account: Account, mark: str) -> None:
        self.path = path.absolute()
        self._account = account
        self._mark = mark

    def check(self) -> None:
        """Raise InputError if this folder cannot be made or belongs to another user."""
        try:
            self._check()
        except OSError as e:
            raise InputError(
                f"{e.filename or self.path}: {e.strerror}: choose another place"
            ) from e

    def _check(self) -> None:
        path = self.path
        if not path.parent.is_dir():
            raise InputError(f"{path.parent}: is not a folder: make it, or choose another place")
        if path.exists():
            if not path.is_dir():
                raise InputError(f"{path}: is a file: choose another place")
            if path.stat().st_uid != os.geteuid():
                raise InputError(f"{path}: belongs to {path.owner()}: do this as that user")
            if not (path / self._mark).is_file() and any(path.iterdir()):
                raise InputError(
                    f"{path}: is not empty and not made by edgewise broker init: "
                    "choose another place"
                )
        blocked = [p for p in path.resolve().parents if not self._is_passable(p)]
        if blocked:
            raise InputError(
                f"{blocked[-1]}: user {self._account.name}, who runs the broker, cannot pass: "
                "choose another place, such as /etc/edgewise-broker"
            )

    def _is_passable(self, folder: Path) -> bool:
        if os.geteuid():
            return True
        info = folder.stat()
        is_owner, is_in_group = info.st_uid == self._account.uid, info.st_gid == self._account.gid
        bit = stat.S_IXUSR if is_owner else stat.S_IXGRP if is_in_group else stat.S_IXOTH
        return bool(info.st_mode & bit)

    def make(self, mark: str) -> None:
        """Make the folder, with `nodes` for its owner and `data` for the broker."""
        try:
            self.path.mkdir(0o700, exist_ok=True)
            if self.text(self._mark) != mark:
                self.write(self._mark, mark)
            for name in ("nodes", "data"):
                (self.path / name).mkdir(0o700, exist_ok=True)
            if not os.geteuid():
                # Root keeps the folder: it must not write where another user may put links.
                os.chown(self.path, 0, self._account.gid)
                self.path.chmod(0o710)
                os.chown(self.path / "data", self._account.uid, self._account.gid)
        except OSError as e:
            raise InputError(f"{self.path}: {e.strerror}: choose another place") from e

    def read(self, name: str) -> bytes | None:
        """Return the contents of a file, None if there is none. Raises InputError."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as e:
            raise InputError(f"{self.path / name}: {e.strerror}: check who owns it") from e

    def text(self, name: str) -> str:
        """Return the contents of a file as text, "" if there is none."""
        return (self.read(name) or b"").decode(errors="surrogateescape")

    def write(self, name: str, data: bytes | str) -> None:
        """Write a file that only the current user can read. Raises InputError."""
        write_atomic(self.path / name, _bytes(data), 0o600)

    def write_for_broker(self, name: str, data: bytes | str) -> None:
        """Write a file that only the broker's user can read. Raises InputError."""
        owner = (self._account.uid, self._account.gid)
        write_atomic(self.path / name, _bytes(data), 0o600, owner)

    def write_open(self, name: str, data: bytes | str) -> None:
        """Write a file that holds no secret. Raises InputError."""
        write_atomic(self.path / name, _bytes(data), 0o644)


def _bytes(data: bytes | str) -> bytes:
    return data.encode(errors="surrogateescape") if isinstance(data, str) else data
