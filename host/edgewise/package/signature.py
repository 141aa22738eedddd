"""The signature of a package: a file that lists the SHA-256 of all others and is signed.

What is signed is `_CONTEXT` and the file's own JSON, compact and sorted, without `signature`. A
package whose files are not those of its signature is refused: it is damaged, or someone has
changed it. A package without a signature is one whose author is not known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from edgewise.errors import InputError, unwritable
from edgewise.package.keys import KEY_PATTERN, PublicKey, SigningKey
from edgewise.package.reading import parse_object, read_file
from edgewise.package.schema import Sha256, Strict, first_error

__all__ = [
    "NAME_MAX",
    "SIGNATURE",
    "BadSignature",
    "Signature",
    "check_signer",
    "read_signature",
    "sign",
]

SIGNATURE = "signature.json"
NAME_MAX = 64
_FORMAT = 1
_CONTEXT = b"edgewise package signature 1\n"  # no signature of anything else is one of a package
_MAX_BYTES = 2**20


class BadSignature(InputError):
    """The signature is damaged, or not of these files."""


@dataclass(frozen=True)
class Signature:
    """A right signature; ``signer`` and ``signed_at`` are what the signer says."""

    signer: str
    signed_at: str
    key: PublicKey


class _File(Strict):
    format: Literal[1]
    signer: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    signed_at: Annotated[str, Field(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z")]
    key: Annotated[str, Field(pattern=rf"\A{KEY_PATTERN}\z")]
    files: dict[str, Sha256]
    signature: Annotated[str, Field(pattern=r"\A[0-9a-f]{128}\z")]


def check_signer(name: str) -> None:
    """Raise InputError unless ``name`` has 1 to `NAME_MAX` printable characters."""
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise InputError(f"--name: 1 to {NAME_MAX} printable characters are needed")


def sign(folder: Path, key: SigningKey, signer: str, now: datetime) -> None:
    """Write the signature of all files in ``folder``, a checked package.

    ``signer``: a name that `check_signer` accepts. InputError where the folder has what cannot be
    signed, or cannot be written.
    """
    files = {}
    for name in _names(folder):
        if not name.isprintable() or not (folder / name).is_file():
            raise InputError(f"{folder / name}: not a file of a package: move it elsewhere")
        files[name] = _sha256(folder / name)
    content: dict[str, Any] = {
        "format": _FORMAT,
        "signer": signer,
        "signed_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key": key.public.text,
        "files": files,
    }
    content["signature"] = key.private.sign(_signed_bytes(content)).hex()
    path = folder / SIGNATURE
    try:
        path.unlink(missing_ok=True)
        with path.open("x") as file:
            file.write(json.dumps(content, indent=2) + "\n")
    except OSError as e:
        raise unwritable(path, e, "sign a copy of the package") from e


def read_signature(folder: Path) -> Signature | None:
    """Return the signature of a package after a check of all its files, None if it has none.

    BadSignature names the first file that differs, or the fault of the signature.
    """
    path = folder / SIGNATURE
    if not path.exists() and not path.is_symlink():
        return None
    content = _read(path)
    key = PublicKey(content["key"])
    if not key.verifies(bytes.fromhex(content["signature"]), _signed_bytes(content)):
        raise _bad_signature(path, "the signature is wrong")
    files, names = content["files"], _names(folder)
    for name in sorted({*files, *names}):
        if name not in names:
            raise _bad_signature(folder / name, "removed after it was signed")
        if name not in files:
            raise _bad_signature(folder / name, "added after the package was signed")
        if _sha256(folder / name) != files[name]:
            raise _bad_signature(folder / name, "changed after it was signed")
    return Signature(content["signer"], content["signed_at"], key)


def _read(path: Path) -> dict[str, Any]:
    if path.is_symlink():
        raise _bad_signature(path, "is a link")
    try:
        content = parse_object(path, read_file(path, _MAX_BYTES))
    except InputError as e:
        raise _bad_signature(path, "is damaged") from e
    newer = content.get("format")
    if type(newer) is int and newer > _FORMAT:
        raise BadSignature(
            f"{path}: its format is newer than {_FORMAT}, which this Edgewise reads: upgrade "
            "Edgewise"
        )
    if wrong := first_error(_File, content):
        raise _bad_signature(path, f"is damaged, {wrong}")
    return content


def _bad_signature(path: Path, what: str) -> BadSignature:
    return BadSignature(
        f"{path}: {what}: get the package from its author again, or remove {SIGNATURE} if you "
        "made the change"
    )


def _names(folder: Path) -> list[str]:
    # Hidden files are those of file managers and version control; Edgewise reads none.
    try:
        names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as e:
        raise InputError(f"{folder}: cannot be listed ({e.strerror}): check rights") from e
    return sorted(name for name in names if name != SIGNATURE)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except InputError as e:
        raise _bad_signature(path, "cannot be read as an ordinary file") from e


def _signed_bytes(content: Mapping[str, Any]) -> bytes:
    signed = {key: value for key, value in content.items() if key != "signature"}
    return _CONTEXT + json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
