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

from edgewise.errors import InputError
from edgewise.logs.writing import write_atomic
from edgewise.paths import config_dir, make_config_dir

__all__ = ["Attempts", "check", "device_cookie", "device_of", "is_set", "path", "stamp", "write"]

_LENGTH_MIN = 8
_LENGTH_MAX = 1024
# Each guess takes 32 MiB and a tenth of a second: RFC 7914, section 2; OWASP's advice of 2023
_COST = {"n": 2**15, "r": 8, "p": 1}
_MEMORY_BYTES = 64 * 2**20
_WINDOW_S = 60.0


def path() -> Path:
    """The password file of this user."""
    return config_dir() / "dashboard.json"


def is_set() -> bool:
    """Whether there is a password."""
    return path().is_file()


def write(text: str) -> None:
    """Store a new password; InputError if it is too short or cannot be written."""
    if not _LENGTH_MIN <= len(text) <= _LENGTH_MAX:
        raise InputError(f"password: {len(text)} characters, at least {_LENGTH_MIN} are needed")
    salt = secrets.token_bytes(16)
    entry = {**_COST, "salt": salt.hex(), "hash": _hash(text, salt, _COST).hex()}
    make_config_dir()
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


def stamp() -> bytes:
    """Changes whenever the password changes or is removed."""
    try:
        return hashlib.sha256(path().read_bytes()).digest()
    except OSError:
        return b""


def device_cookie() -> str:
    """A new cookie for a browser that has given the password; no other password makes it."""
    name = secrets.token_urlsafe(16)
    return f"{name}.{_device_mac(name)}"


def device_of(cookie: str) -> str | None:
    """The name in a cookie of `device_cookie`; None for any other text, or an old password."""
    name, _, mac = cookie.partition(".")
    is_right = hmac.compare_digest(mac.encode(), _device_mac(name).encode())
    return name if is_right and is_set() else None


def _device_mac(name: str) -> str:
    return hmac.new(stamp(), b"device " + name.encode(), "sha256").hexdigest()


def _hash(text: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, maxmem=_MEMORY_BYTES, **cost)


class Attempts:
    """A limit to attempts in a minute: ``each`` from one sender, ``all`` from unknown senders.

    A sender is an address, or a device that has given the password before: so strangers lock no
    owner out.
    """

    def __init__(self, each: int = 5, all: int = 30) -> None:
        self._each, self._all = each, all
        self._attempts: deque[tuple[float, str, bool]] = deque()
        self._lock = threading.Lock()

    def take(self, sender: str, is_known: bool = False) -> bool:
        """Count an attempt, before its password is checked; False if it is one too many."""
        now = time.monotonic()
        with self._lock:
            while self._attempts and self._attempts[0][0] < now - _WINDOW_S:
                self._attempts.popleft()
            n = sum(other == sender for _, other, _ in self._attempts)
            n_unknown = sum(not known for _, _, known in self._attempts)
            if n >= self._each or (not is_known and n_unknown >= self._all):
                return False
            self._attempts.append((now, sender, is_known))
            return True

    def forget(self, sender: str) -> None:
        """Clear the count of ``sender``, after a right password."""
        with self._lock:
            self._attempts = deque(item for item in self._attempts if item[1] != sender)
