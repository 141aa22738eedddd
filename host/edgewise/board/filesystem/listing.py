"""files.json on a board: the files of the last deploy or flash, and hashes to detect changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

__all__ = ["LIST", "NODE_WRITES", "listing", "read_listing"]

LIST = "files.json"
NODE_WRITES = ("config.json", "model.bin")
"""Files that a node replaces itself: its settings after a command, its model after a push."""


def listing(files: Mapping[str, bytes]) -> bytes:
    """Return files.json for ``files``: name -> SHA-256 of those in NODE_WRITES, "" of others."""
    digests = {
        name: hashlib.sha256(data).hexdigest() if name in NODE_WRITES else ""
        for name, data in sorted(files.items())
        if name != LIST
    }
    return json.dumps(digests, separators=(",", ":")).encode()


def read_listing(text: str) -> dict[str, str]:
    """Parse files.json; empty for any other text. Earlier versions hold a list of names only."""
    try:
        digests = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(digests, list):
        digests = dict.fromkeys(map(str, digests), "")
    if not isinstance(digests, dict):
        return {}
    return {name: digest if isinstance(digest, str) else "" for name, digest in digests.items()}
