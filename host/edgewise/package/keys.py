"""The keys that sign packages, in OpenSSH's formats: one's own, and those of people one knows."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from edgewise.errors import InputError, unwritable
from edgewise.package.reading import read_file
from edgewise.paths import config_dir, make_config_dir

__all__ = ["KEY_PATTERN", "PublicKey", "SigningKey", "known_keys", "own_key", "trusted_path"]

KEY_PATTERN = r"ssh-ed25519 [A-Za-z0-9+/]{68}"
_FILE_MAX_BYTES = 2**20
_OWN, _OWN_PUBLIC, _TRUSTED = "signing_key", "signing_key.pub", "trusted_keys"
_MAKE = "make one: ssh-keygen -t ed25519 -N '' -f FILE"


@dataclass(frozen=True)
class PublicKey:
    """``text``: the key as in OpenSSH's files, "ssh-ed25519 AAAA..." without a comment."""

    text: str

    @property
    def fingerprint(self) -> str:
        """The same as ssh-keygen -l shows: SHA256:..."""
        digest = hashlib.sha256(base64.b64decode(self.text.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` is of ``data`` and of this key."""
        try:
            key = load_ssh_public_key(self.text.encode())
            if not isinstance(key, Ed25519PublicKey):
                return False
            key.verify(signature, data)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private key; ``is_new``: it was made just now, in the file ``path``."""

    path: Path
    private: Ed25519PrivateKey
    is_new: bool = False

    @property
    def public(self) -> PublicKey:
        raw = self.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return PublicKey(raw.decode())

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """Read a private key of ssh-keygen; InputError if it is unusable or open to others."""
        data = read_file(path, _FILE_MAX_BYTES, _MAKE)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise InputError(f"{path}: others can read it: run: chmod 600 {path}")
        try:
            key = load_ssh_private_key(data, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as e:
            raise InputError(
                f"{path}: not an OpenSSH private key without a passphrase: {_MAKE}"
            ) from e
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError(f"{path}: not an ed25519 key: {_MAKE}")
        return cls(path, key)


def own_key(name: str) -> SigningKey:
    """Return the key of this user; the first call makes it, ``name`` is in its public file.

    InputError if it is unusable.
    """
    path = config_dir() / _OWN
    try:
        key = SigningKey.read(path) if path.exists() else _make(path)
        public = path.with_name(_OWN_PUBLIC)
        if key.is_new or not public.exists():
            public.write_text(f"{key.public.text} {name}\n")
    except OSError as e:
        raise unwritable(path, e, "check rights") from e
    return key


def _make(path: Path) -> SigningKey:
    make_config_dir()
    private = Ed25519PrivateKey.generate()
    data = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        os.fsync(file.fileno())
    return SigningKey(path, private, is_new=True)


def trusted_path() -> Path:
    """The file with the public keys of people that this user knows. May not exist."""
    return config_dir() / _TRUSTED


def known_keys(path: Path | None = None) -> dict[PublicKey, str]:
    """Return the known keys with their names: those of ``path``, else the own and the trusted.

    A line is `ssh-ed25519 AAAA... NAME`, as in a .pub file. InputError names file and line.
    """
    if path is not None:
        return _read_public(path)
    trusted, own = trusted_path(), config_dir() / _OWN_PUBLIC
    keys = _read_public(trusted) if trusted.exists() else {}
    own_keys = _read_public(own) if own.exists() else {}
    return keys | dict.fromkeys(own_keys, "you")


def _read_public(path: Path) -> dict[PublicKey, str]:
    cure = "name a file with a line ssh-ed25519 AAAA... NAME for each key"
    keys: dict[PublicKey, str] = {}
    lines = read_file(path, _FILE_MAX_BYTES, cure).decode(errors="replace").splitlines()
    for n, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(rf"({KEY_PATTERN})(?:\s+(.*?))?\s*", line)
        if match is None:
            raise InputError(f"{path}:{n}: not a public key of the kind ssh-ed25519: {cure}")
        keys[PublicKey(match[1])] = match[2] or path.name
    return keys
