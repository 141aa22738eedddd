"""The address of an archive: s3://, gs:// and az:// with a bucket, or file: with a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgewise.errors import InputError

__all__ = ["Address", "parse_archive"]

_FORMS = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:FOLDER"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")  # the longest name is one of Google's
_STEP = re.compile(r"[^\\{}^%`\[\]\"'<>~#|?*&\x00-\x1f\x7f]*")


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
    bucket, _, prefix = rest.removeprefix("//").removesuffix("/").partition("/")
    steps = prefix.split("/") if prefix else []
    is_plain = all(step not in ("", ".", "..") and _STEP.fullmatch(step) for step in steps)
    is_cloud = scheme in ("s3", "gs", "az") and rest.startswith("//")
    if not is_cloud or not _BUCKET.fullmatch(bucket) or not is_plain:
        raise InputError(f"archive {url!r} is not an address: write {_FORMS}")
    return Address(scheme, bucket, prefix)
