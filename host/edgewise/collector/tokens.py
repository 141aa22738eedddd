"""Which node a token of ``collect --http`` may send for."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from edgewise.errors import InputError
from edgewise.urls import read_secret

__all__ = ["ALL_NODES", "Tokens", "read_tokens"]

ALL_NODES = "*"
_BYTES_MAX = 1 << 20
_TOKEN = re.compile("[A-Za-z0-9._~+/=-]{16,}")  # RFC 6750, section 2.1: there is no colon
_FORM = "write NODE:TOKEN, or *:TOKEN for all nodes"


class Tokens:
    """Rights, each a node, or `ALL_NODES`, and a token that may send for it."""

    def __init__(self, rights: Iterable[tuple[str, str]]) -> None:
        self._rights = [(node, f"Bearer {token}".encode()) for node, token in rights]

    def nodes_of(self, authorization: str) -> set[str]:
        """The nodes that this header's token may send for; none if the token is not known.

        How long it takes does not depend on how much of a token is right.
        """
        header = authorization.encode()
        return {node for node, right in self._rights if hmac.compare_digest(header, right)}


def read_tokens(path: Path, say: Callable[[str], None]) -> Tokens:
    """The tokens in a file with lines NODE:TOKEN; InputError, without the line's text.

    Blank lines and lines that begin with # say nothing. A file with one token and no node, as
    earlier versions had it, is for all nodes; ``say`` gets a line.
    """
    text = read_secret("--token-file", path, _BYTES_MAX).removeprefix("\ufeff")
    lines = {
        number: line.strip()
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.lstrip().startswith("#")
    }
    if not lines:
        raise InputError(f"{path}: no token: {_FORM}")
    if len(lines) == 1 and _TOKEN.fullmatch(token := next(iter(lines.values()))):
        say(f"{path}: its token names no node and may send for all: {_FORM}")
        return Tokens([(ALL_NODES, token)])
    return Tokens(_read_right(f"{path}:{number}", line) for number, line in lines.items())


def _read_right(place: str, line: str) -> tuple[str, str]:
    # Errors quote nothing: what stands in the place of the node may be a token.
    node, _, token = (part.strip() for part in line.rpartition(":"))
    if not node:
        raise InputError(f"{place}: no node before the token: {_FORM}")
    if set(node) & set("/+#") or not node.isprintable():
        raise InputError(f"{place}: a node's name has no /, + or #: {_FORM}")
    if not _TOKEN.fullmatch(token):
        raise InputError(
            f"{place}: a token has 16 or more letters, digits or . _ ~ + / = -: "
            "openssl rand -hex 16 makes one"
        )
    return node, token
