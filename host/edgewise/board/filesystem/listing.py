"""files.json on a board: what was put there, and which of it the node may have changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

__all__ = ["LIST", "NODE_WRITES", "listing", "read_listing"]

LIST = "files.json"
NODE_WRITES = ("config.json", "model.bin")
"""What a node replaces by itself: settings by a command, a model by a push."""


def listing(files: Mapping[str, bytes]) -> bytes:
    """The contents of files.json for ``files``: name -> SHA-256 of NODE_WRITES, "" of others."""
    digests = {
        name: hashlib.sha256(data).hexdigest() if name in NODE_WRITES else ""
        for name, data in sorted(files.items())
        if name != LIST
    }
    return json.dumps(digests, separators=(",", ":")).encode()


def read_listing(text: str) -> dict[str, str]:
    """The same back; empty for a text that is none. An earlier list has names alone."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(given, list):
        given = dict.fromkeys(map(str, given), "")
    if not isinstance(given, dict):
        return {}
    return {name: digest if isinstance(digest, str) else "" for name, digest in given.items()}
