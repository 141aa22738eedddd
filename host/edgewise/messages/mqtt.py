"""Checks a message of a node: topic and payload become rows, or ValueError names the error."""

from __future__ import annotations

import hashlib
import json
from typing import Any

__all__ = ["Row", "parse", "split_replay"]

# (table name, row)
Row = tuple[str, dict[str, Any]]

_INT_MAX = 2**31 - 1
_FLOAT_MAX = 1.7e308
_TEXT_MAX = 64
_WORD_MAX = 32
_PAYLOAD_MAX = 4096
_DEPTH_MAX = 8
_EARLIEST_S = 946684800  # the year 2000: a clock before it was never set
_LATEST_S = 253402300799  # the year 9999, the last with four digits
_AHEAD_S = 366 * 86400  # a simulated node may be ahead by the length of its log
_READING_KEYS = {"ts", "boot", "seq", "t", "h", "cls", "p", "u", "err"}
_U_MAX = 1e6
# keys of newer nodes, which are kept as they came
_MORE_KEYS_MAX = 8
_MORE_CHARACTERS_MAX = 512
_MINUTES_MAX = 1440
_HORIZONS_MAX = 8
_FORECASTS = {"t": (-40, 80), "h": (0, 100), "t_band": (0, 120), "h_band": (0, 100)}


def parse(base: str, topic: str, payload: bytes, received_at: float) -> list[Row]:
    """The rows of one message below ``base``; ValueError for a malformed one."""
    parts = topic[len(base) + 1 :].split("/")
    if not topic.startswith(base + "/") or len(parts) != 2:
        raise ValueError("topic is not <base>/<node>/<what>")
    node, kind = parts
    if not 0 < len(node) <= _TEXT_MAX:
        raise ValueError(f"the node's name is not 1 to {_TEXT_MAX} characters long")
    _check_storable(node)
    if kind == "status":
        return [("status", _status(node, payload, received_at))]
    if len(payload) > _PAYLOAD_MAX:
        raise ValueError(f"{len(payload)} bytes, {_PAYLOAD_MAX} are the most")
    value = _parse_json(payload)
    if kind == "replay":
        if not isinstance(value, list):
            raise ValueError("replay is not an array")
        return [("reading", _reading(node, item, 1, received_at)) for item in value]
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if kind == "state":
        return [("reading", _reading(node, value, 0, received_at))]
    _check_plain(value)
    if kind == "next":
        return _forecasts(node, value, received_at)
    row = {
        "node": node,
        "boot": _integer(value, "boot"),
        "ts": _number(value, "ts", 0, _LATEST_S),
        "payload": payload.decode(),
        "received_at": received_at,
    }
    if kind == "event":
        row |= _event(value, payload)
    elif kind != "diag":
        raise ValueError(f"topic {kind} is not known")
    return [(kind, row)]


def _status(node: str, payload: bytes, received_at: float) -> dict[str, Any]:
    if payload not in (b"online", b"offline"):
        raise ValueError("status is neither online nor offline")
    return {"node": node, "online": int(payload == b"online"), "received_at": received_at}


def _event(value: dict[str, Any], payload: bytes) -> dict[str, Any]:
    return {
        "seq": _integer(value, "seq"),
        "event": _text(value, "event", _WORD_MAX, is_required=True),
        "digest": hashlib.blake2b(payload, digest_size=16).hexdigest(),
    }


def split_replay(topic: str, payload: bytes) -> list[bytes]:
    """A malformed `replay` as one message for each of its readings, to find the good ones.

    Empty for any other message, and for one that is no array of two or more.
    """
    if not topic.endswith("/replay") or len(payload) > _PAYLOAD_MAX:
        return []
    try:
        value = _parse_json(payload)
    except ValueError:
        return []
    many = isinstance(value, list) and len(value) > 1
    return [json.dumps([item]).encode() for item in value] if many else []


def _parse_json(payload: bytes) -> Any:
    def refuse(text: str) -> None:
        raise ValueError(f"{text} is not JSON")

    try:
        return json.loads(payload.decode(), parse_constant=refuse)
    except RecursionError as e:
        raise ValueError("too deep") from e


def _check_plain(value: Any, depth: int = 0) -> None:
    # The payload is stored as it came; nothing in it may stop a later reader.
    if depth > _DEPTH_MAX:
        raise ValueError("too deep")
    if isinstance(value, str):
        _check_storable(value)
    elif isinstance(value, int | float) and not -_FLOAT_MAX <= value <= _FLOAT_MAX:
        raise ValueError("a number is too large")
    elif isinstance(value, list):
        for item in value:
            _check_plain(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_storable(key)
            _check_plain(item, depth + 1)


def _check_storable(text: str) -> None:
    text.encode()  # raises UnicodeEncodeError, a ValueError, for a lone surrogate
    if "\0" in text:
        raise ValueError("a text has a NUL, which PostgreSQL cannot store")


def _reading(node: str, value: Any, late: int, received_at: float) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("reading is not an object")
    ts = _number(value, "ts", 0, _LATEST_S)
    row = {
        "node": node,
        "boot": _integer(value, "boot"),
        "seq": _integer(value, "seq"),
        "ts": ts,
        "t": _number(value, "t", -40, 80),
        "h": _number(value, "h", 0, 100),
        "cls": _text(value, "cls", _TEXT_MAX),
        "p": _number(value, "p", 0, 1),
        "u": _number(value, "u", 0, _U_MAX),
        "err": _text(value, "err", _WORD_MAX),
        "late": late,
        "received_at": received_at,
        "clock": _clock_fault(ts, received_at),
        "more": _other_keys(value),
    }
    if (row["t"] is None) != (row["h"] is None) or (row["t"] is None) != (row["err"] is not None):
        raise ValueError("a reading has t and h, or err")
    return row


def _other_keys(value: dict[str, Any]) -> str | None:
    # Keys that a newer node sends, as JSON; whatever comes, a row stays small.
    more = {key: value[key] for key in value if key not in _READING_KEYS}
    if not more:
        return None
    if "node" in more:  # it would be stored for another node than it names
        raise ValueError(
            "key 'node' does not belong in a reading: the topic or the message names the node"
        )
    _check_plain(more)
    text = json.dumps(more, separators=(",", ":"), sort_keys=True)
    if len(more) > _MORE_KEYS_MAX or len(text) > _MORE_CHARACTERS_MAX:
        raise ValueError(
            f"key {min(more)[:_TEXT_MAX]!a} is not known: {_MORE_KEYS_MAX} such keys of "
            f"{_MORE_CHARACTERS_MAX} characters in all are the most"
        )
    return text


def _forecasts(node: str, value: dict[str, Any], received_at: float) -> list[Row]:
    # A row for each horizon; more than these keys may come from a later node.
    by_minutes = value.get("next")
    if not isinstance(by_minutes, dict) or len(by_minutes) > _HORIZONS_MAX:
        raise ValueError(f"next is not an object of up to {_HORIZONS_MAX} horizons")
    same = {
        "node": node,
        "boot": _integer(value, "boot"),
        "seq": _integer(value, "seq"),
        "ts": _number(value, "ts", 0, _LATEST_S),
        "received_at": received_at,
    }
    rows: list[Row] = []
    for minutes, forecast in by_minutes.items():
        is_number = minutes.isascii() and minutes.isdigit() and minutes[0] != "0"
        if not is_number or int(minutes[:5]) > _MINUTES_MAX:
            raise ValueError(f"next: {minutes[:_TEXT_MAX]!a} is not 1 to {_MINUTES_MAX} minutes")
        if not isinstance(forecast, dict):
            raise ValueError("next: a forecast is not an object")
        figures = {key: _number(forecast, key, *limits) for key, limits in _FORECASTS.items()}
        if None in figures.values():
            raise ValueError(f"next: a forecast has {', '.join(_FORECASTS)}")
        rows.append(("outlook", {**same, "minutes": int(minutes), **figures}))
    return rows


def _integer(value: dict[str, Any], key: str) -> int:
    n = value.get(key)
    if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= _INT_MAX:
        raise ValueError(f"{key} is not a whole number of 0 to {_INT_MAX}")
    return n


def _clock_fault(ts: float | None, received_at: float) -> str | None:
    # One of the two clocks is wrong: that of the node, or the one here.
    if ts is None or _EARLIEST_S <= ts <= received_at + _AHEAD_S:
        return None
    return "unset" if ts < _EARLIEST_S else "ahead"


def _number(value: dict[str, Any], key: str, low: float, high: float) -> float | None:
    n = value.get(key)
    if n is None:
        return None
    if isinstance(n, bool) or not isinstance(n, int | float):
        raise ValueError(f"{key} is not a number")
    if not low <= n <= high:
        raise ValueError(f"{key} is not within {low:g} to {high:g}")
    return float(n)


def _text(
    value: dict[str, Any], key: str, max_length: int, is_required: bool = False
) -> str | None:
    text = value.get(key)
    if text is None and not is_required:
        return None
    if not isinstance(text, str) or len(text) > max_length:
        raise ValueError(f"{key} is not a text of up to {max_length} characters")
    _check_storable(text)
    return text
