"""One line of the node, decoded: a record, a greeting, or text for people."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from edgewise.messages.mqtt import parse

__all__ = ["Damaged", "Diag", "Hello", "Reading", "Said", "Text", "decode"]

_HELLO = re.compile(r"edgewise: node (\S{1,32}), boot (\d+), (?:model (.{1,64}), (\S+)|safe mode)")
_BASE = "serial"


@dataclass(frozen=True)
class Reading:
    """A reading as in MQTT's `state`: ``ts`` in unix seconds, ``t`` in Celsius, ``h`` in %RH.

    Each may be None; ``err`` is the cause where ``t``, ``h``, ``cls`` and ``p`` are.
    """

    boot: int
    seq: int
    ts: float | None
    t: float | None
    h: float | None
    cls: str | None
    p: float | None
    err: str | None


@dataclass(frozen=True)
class Diag:
    """The figures of MQTT's `diag`."""

    figures: dict[str, Any]


@dataclass(frozen=True)
class Hello:
    """The line of a start; ``model`` and ``runtime`` are None in safe mode."""

    node: str
    boot: int
    model: str | None
    runtime: str | None
    text: str


@dataclass(frozen=True)
class Text:
    """Any other line, without what a terminal would obey."""

    text: str


@dataclass(frozen=True)
class Damaged:
    """A record that the wire has spoiled."""

    text: str


Said = Reading | Diag | Hello | Text | Damaged


def decode(line: bytes) -> Said:
    """What ``line`` (without its end) says; never fails."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in line.decode(errors="replace"))
    kind, _, payload = text.partition(" ")
    if kind in ("state", "diag") and payload.startswith("{"):
        try:
            return _record(kind, payload)
        except ValueError:
            return Damaged(text)
    hello = _HELLO.search(text)
    if hello:
        node, boot, model, runtime = hello.groups()
        return Hello(node, int(boot), model, runtime, text)
    return Text(text)


def _record(kind: str, payload: str) -> Reading | Diag:
    ((_, row),) = parse(_BASE, f"{_BASE}/node/{kind}", payload.encode(), time.time())
    if kind == "diag":
        return Diag(json.loads(payload))
    return Reading(**{key: row[key] for key in Reading.__dataclass_fields__})
