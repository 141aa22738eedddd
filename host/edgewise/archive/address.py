"""The address of an archive: s3://, gs:// and az:// with a bucket, or file: with a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from edgewise.errors import InputError

__all__ = ["Address", "parse_archive"]

_FORMS = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:FOLDER"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")  # the longest name is one of Google's
_PREFIX = re.compile(r"[^\\{}^%`\[\]\"'<>~#|?*&\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Address:
    """``place``: a bucket, a container or, of "file", a folder; ``prefix``: within a bucket."""

    scheme: str
    place: str
    prefix: str = ""

    def __str__(self) -> str:
        if self.scheme == "file":
            return f"file:{self.place}"
        return f"{self.scheme}://{self.place}{'/' if self.prefix else ''}{self.prefix}"


def parse_archive(url: str) -> Address:
    """Read the address of an archive; InputError says what is wrong with it.

    It never holds a password: the credentials of a cloud come from the environment.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file":
        folder = rest[2:] if rest.startswith("///") else rest
        if not folder or folder.startswith("//") or "\0" in folder:
            raise InputError(f"archive {url!r}: write file:FOLDER, such as file:/mnt/archive")
        return Address(scheme, folder)
    if "@" in url or "?" in url:  # what stands there may be a password: it is not shown
        raise InputError(
            "archive: an address has no user, password or options: put credentials into the "
            f"environment (docs/archive.md) and write {_FORMS}"
        )
    parts = urlsplit(url if scheme in ("s3", "gs", "az") else "")
    prefix = parts.path.strip("/")
    steps = prefix.split("/") if prefix else []
    is_plain = not parts.fragment and all(
        step not in ("", ".", "..") and _PREFIX.fullmatch(step) for step in steps
    )
    if not _BUCKET.fullmatch(parts.netloc) or not is_plain:
        raise InputError(f"archive {url!r} is not an address: write {_FORMS}")
    return Address(parts.scheme, parts.netloc, prefix)
