"""The password: scrypt in a file that only its owner reads, and a limit to guessing."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import deque
from pathlib import Path

from platformdirs import user_config_path

from edgewise.errors import InputError
from edgewise.logs.writing import write_atomic

__all__ = ["Attempts", "check", "is_set", "path", "write"]

_LENGTH_MIN = 8
_LENGTH_MAX = 1024
# 32 MiB and a tenth of a second for each guess: RFC 7914, section 2; OWASP's advice of 2023
_COST = {"n": 2**15, "r": 8, "p": 1}
_MEMORY = 64 * 2**20
_WINDOW_S = 60.0


def path() -> Path:
    """Where the password of this user is."""
    return user_config_path("edgewise") / "dashboard.json"


def is_set() -> bool:
    """Whether there is a password."""
    return path().is_file()


def write(text: str) -> None:
    """Keep a new password; InputError for one that is short or cannot be written."""
    if not _LENGTH_MIN <= len(text) <= _LENGTH_MAX:
        raise InputError(f"password: {len(text)} characters, at least {_LENGTH_MIN} are needed")
    salt = secrets.token_bytes(16)
    kept = {**_COST, "salt": salt.hex(), "hash": _hash(text, salt, _COST).hex()}
    try:
        path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise InputError(f"{path().parent}: cannot be made ({e.strerror}): check rights") from e
    write_atomic(path(), json.dumps(kept).encode(), 0o600)


def check(text: str) -> bool:
    """Whether it is the password; InputError for a damaged file. Takes a tenth of a second."""
    if not is_set() or len(text) > _LENGTH_MAX:
        return False
    try:
        kept = json.loads(path().read_bytes())
        cost = {name: int(kept[name]) for name in _COST}
        said = _hash(text, bytes.fromhex(kept["salt"]), cost)
        return hmac.compare_digest(said, bytes.fromhex(kept["hash"]))
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise InputError(f"{path()}: damaged: run edgewise dashboard password") from e


def _hash(text: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, maxmem=_MEMORY, **cost)


class Attempts:
    """At most so many attempts a minute: ``each`` from one address, ``all`` from everywhere."""

    def __init__(self, each: int = 5, all: int = 30) -> None:
        self._each, self._all = each, all
        self._made: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Count an attempt before it is checked; False when it must wait."""
        now = time.monotonic()
        with self._lock:
            while self._made and self._made[0][0] < now - _WINDOW_S:
                self._made.popleft()
            own = sum(who == address for _, who in self._made)
            if own >= self._each or len(self._made) >= self._all:
                return False
            self._made.append((now, address))
            return True

    def forget(self, address: str) -> None:
        """A right password clears the count of its address."""
        with self._lock:
            self._made = deque(item for item in self._made if item[1] != address)
