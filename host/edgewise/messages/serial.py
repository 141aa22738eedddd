"""Decodes one serial line of a node: a record, the start line, or text for people."""

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

    Each may be None; where ``t``, ``h``, ``cls`` and ``p`` are None, ``err`` is the cause. ``u``:
    how unusual, 1 at a limit, None without a detector.
    """

    boot: int
    seq: int
    ts: float | None
    t: float | None
    h: float | None
    cls: str | None
    p: float | None
    err: str | None
    u: float | None = None


@dataclass(frozen=True)
class Diag:
    """A diag record, with the figures of MQTT's `diag`."""

    figures: dict[str, Any]


@dataclass(frozen=True)
class Hello:
    """The line that a node prints at its start; ``model``, ``runtime``: None in safe mode."""

    node: str
    boot: int
    model: str | None
    runtime: str | None
    text: str


@dataclass(frozen=True)
class Text:
    """Any other line, without control characters."""

    text: str


@dataclass(frozen=True)
class Damaged:
    """A record that is damaged, for example by the wire."""

    text: str


Said = Reading | Diag | Hello | Text | Damaged


def decode(line: bytes) -> Said:
    """The record or text in ``line``, which has no line end; never fails."""
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
