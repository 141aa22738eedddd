"""What nodes send, checked: topic and payload become rows, or ValueError says why not."""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["Row", "parse"]

# (table name, row)
Row = tuple[str, dict[str, Any]]

_INT_MAX = 2**31 - 1
_TEXT_MAX = 64
_PAYLOAD_MAX = 4096
_READING_KEYS = {"ts", "boot", "seq", "t", "h", "cls", "p", "err"}


def parse(base: str, topic: str, payload: bytes, received_at: float) -> list[Row]:
    """Rows of one message below ``base``; raises ValueError for anything malformed."""
    parts = topic[len(base) + 1 :].split("/")
    if not topic.startswith(base + "/") or len(parts) != 2 or not 0 < len(parts[0]) <= _TEXT_MAX:
        raise ValueError("topic is not <base>/<node>/<what>")
    node, what = parts
    if what == "status":
        if payload not in (b"online", b"offline"):
            raise ValueError("status is neither online nor offline")
        online = int(payload == b"online")
        return [("status", {"node": node, "online": online, "received_at": received_at})]
    if len(payload) > _PAYLOAD_MAX:
        raise ValueError(f"{len(payload)} bytes, {_PAYLOAD_MAX} are the most")
    value = _json(payload)
    if what == "replay":
        if not isinstance(value, list):
            raise ValueError("replay is not an array")
        return [("reading", _reading(node, item, 1, received_at)) for item in value]
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if what == "state":
        return [("reading", _reading(node, value, 0, received_at))]
    row = {
        "node": node,
        "boot": _integer(value, "boot"),
        "ts": _number(value, "ts", 0, 2**32),
        "payload": payload.decode(),
        "received_at": received_at,
    }
    if what == "event":
        row |= {"seq": _integer(value, "seq"), "event": _text(value, "event", required=True)}
    elif what != "diag":
        raise ValueError(f"topic {what} is not known")
    return [(what, row)]


def _json(payload: bytes) -> Any:
    def refuse(text: str) -> None:
        raise ValueError(f"{text} is not JSON")

    try:
        return json.loads(payload.decode(), parse_constant=refuse)
    except RecursionError as e:
        raise ValueError("too deep") from e


def _reading(node: str, value: Any, late: int, received_at: float) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("reading is not an object")
    if unknown := set(value) - _READING_KEYS:
        raise ValueError(f"key {min(unknown)[:_TEXT_MAX]} is not known")
    row = {
        "node": node,
        "boot": _integer(value, "boot"),
        "seq": _integer(value, "seq"),
        "ts": _number(value, "ts", 0, 2**32),
        "t": _number(value, "t", -40, 80),
        "h": _number(value, "h", 0, 100),
        "cls": _text(value, "cls"),
        "p": _number(value, "p", 0, 1),
        "err": _text(value, "err"),
        "late": late,
        "received_at": received_at,
    }
    if (row["t"] is None) != (row["h"] is None) or (row["t"] is None) != (row["err"] is not None):
        raise ValueError("a reading has t and h, or err")
    return row


def _integer(value: dict[str, Any], key: str) -> int:
    n = value.get(key)
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= _INT_MAX:
        raise ValueError(f"{key} is not a whole number of 0 to {_INT_MAX}")
    return n


def _number(value: dict[str, Any], key: str, low: float, high: float) -> float | None:
    n = value.get(key)
    if n is None:
        return None
    if isinstance(n, bool) or not isinstance(n, int | float) or not math.isfinite(n):
        raise ValueError(f"{key} is not a number")
    if not low <= n <= high:
        raise ValueError(f"{key} is not within {low:g} to {high:g}")
    return float(n)


def _text(value: dict[str, Any], key: str, required: bool = False) -> str | None:
    text = value.get(key)
    if text is None and not required:
        return None
    if not isinstance(text, str) or len(text) > _TEXT_MAX:
        raise ValueError(f"{key} is not a text of up to {_TEXT_MAX} characters")
    return text
