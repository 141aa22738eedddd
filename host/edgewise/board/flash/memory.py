"""Which board was flashed last under a name, from this computer: a file in the cache."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from edgewise.errors import EdgewiseError
from edgewise.logs.writing import write_atomic
from edgewise.paths import cache_dir, make_cache_dir

__all__ = ["other_board", "remember"]

_FILE = "boards.json"
_NAMES_MAX = 2000  # the oldest are forgotten
_lock = threading.Lock()  # several boards are flashed at once


def other_board(config: Mapping[str, Any], mac: str) -> str | None:
    """Return the MAC of the last board flashed with the name and broker in ``config``.

    None if it was this one, or if there is none or no name.
    """
    last = _read().get(_key(config)) if config.get("node") else None
    return last if last != mac else None


def remember(config: Mapping[str, Any], mac: str) -> None:
    """Keep ``mac`` as the board with the name in ``config``; a cache that fails is no error."""
    if not config.get("node"):
        return
    with _lock, suppress(EdgewiseError):
        boards = _read()
        boards.pop(_key(config), None)
        boards[_key(config)] = mac
        rows = list(boards.items())[-_NAMES_MAX:]
        write_atomic(make_cache_dir() / _FILE, json.dumps(dict(rows), indent=1).encode())


def _key(config: Mapping[str, Any]) -> str:
    # What makes two names one: the same broker and the same topics, or the same server.
    mqtt = config.get("mqtt", {})
    place = [mqtt.get("host"), mqtt.get("port", 1883), config.get("base", "edgewise")]
    if config.get("uplink", "mqtt") != "mqtt":
        place = [config.get("server", {}).get("url")]
    return f"{config['node']} {hashlib.sha256(json.dumps(place).encode()).hexdigest()[:16]}"


def _read() -> dict[str, str]:
    try:
        boards = json.loads((cache_dir() / _FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(boards, dict):
        return {}
    return {name: mac for name, mac in boards.items() if isinstance(mac, str)}
