"""The address of Home Assistant's websocket, and the token that opens it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from edgewise.errors import InputError
from edgewise.urls import read_secret

__all__ = ["TOKEN_ENV", "parse_home", "read_token"]

TOKEN_ENV = "EDGEWISE_HA_TOKEN"
_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_PATH = "/api/websocket"
_TOKEN_MAX = 4096  # bytes; a token of Home Assistant has some 180


def parse_home(url: str) -> str:
    """The address of the websocket for ws[s]://host[:port], or the address in the browser.

    InputError names the problem.
    """
    cure = "write ws://host:8123 or wss://host"
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InputError(f"--ha: not an address: {cure}")
    if "@" in parts.netloc:
        raise InputError(f"--ha: leave user and password out: {cure}, with --token-file")
    if parts.query or parts.fragment:
        raise InputError(f"--ha {url}: leave out what follows the path: {cure}")
    path = parts.path.rstrip("/")
    if not path.endswith("/websocket"):
        path += _PATH
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{path}"


def read_token(path: Path | None) -> str:
    """The token in the file, or without a file in the environment; InputError."""
    if path is not None:
        place, token = str(path), read_secret("--token-file", path, _TOKEN_MAX).strip()
    else:
        place, token = TOKEN_ENV, os.environ.get(TOKEN_ENV, "").strip()
        if not token:
            raise InputError(
                f"no token: make one in Home Assistant (your profile, Security, long-lived access "
                f"tokens), then name its file with --token-file or put it into {TOKEN_ENV}"
            )
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(f"{place}: one line with the token is expected, nothing else")
    return token
