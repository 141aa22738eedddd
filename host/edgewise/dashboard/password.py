"""The password: a scrypt hash in a file that only its owner can read, and a limit to guesses."""

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
# Each guess takes 32 MiB and a tenth of a second: RFC 7914, section 2; OWASP's advice of 2023
_COST = {"n": 2**15, "r": 8, "p": 1}
_MEMORY_BYTES = 64 * 2**20
_WINDOW_S = 60.0


def path() -> Path:
    """The password file of this user."""
    return user_config_path("edgewise") / "dashboard.json"


def is_set() -> bool:
    """Whether there is a password."""
    return path().is_file()


def write(text: str) -> None:
    """Store a new password; InputError if it is too short or cannot be written."""
    if not _LENGTH_MIN <= len(text) <= _LENGTH_MAX:
        raise InputError(f"password: {len(text)} characters, at least {_LENGTH_MIN} are needed")
    salt = secrets.token_bytes(16)
    entry = {**_COST, "salt": salt.hex(), "hash": _hash(text, salt, _COST).hex()}
    try:
        path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise InputError(f"{path().parent}: cannot be made ({e.strerror}): check rights") from e
    write_atomic(path(), json.dumps(entry).encode(), 0o600)


def check(text: str) -> bool:
    """Whether ``text`` is the password, in a tenth of a second; InputError for a damaged file."""
    if not is_set() or len(text) > _LENGTH_MAX:
        return False
    try:
        entry = json.loads(path().read_bytes())
        cost = {name: int(entry[name]) for name in _COST}
        digest = _hash(text, bytes.fromhex(entry["salt"]), cost)
        return hmac.compare_digest(digest, bytes.fromhex(entry["hash"]))
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise InputError(f"{path()}: damaged: run edgewise dashboard password") from e


def _hash(text: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, maxmem=_MEMORY_BYTES, **cost)


class Attempts:
    """A limit to attempts in a minute: ``each`` from one address, ``all`` in total."""

    def __init__(self, each: int = 5, all: int = 30) -> None:
        self._each, self._all = each, all
        self._attempts: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Count an attempt, before its password is checked; False if it is one too many."""
        now = time.monotonic()
        with self._lock:
            while self._attempts and self._attempts[0][0] < now - _WINDOW_S:
                self._attempts.popleft()
            n = sum(sender == address for _, sender in self._attempts)
            if n >= self._each or len(self._attempts) >= self._all:
                return False
            self._attempts.append((now, address))
            return True

    def forget(self, address: str) -> None:
        """Clear the count of ``address``, after a right password."""
        with self._lock:
            self._attempts = deque(item for item in self._attempts if item[1] != address)
