"""Lines of a node as they come over the cable."""

from __future__ import annotations

import json

HELLO = b"edgewise: node a1b2c3, boot 7, model occupancy, viper-inline\r\n"


def state(seq: int, t: float = 21.5, ts: int | None = None) -> bytes:
    fields = {"ts": ts or 1700000000 + 60 * seq, "boot": 7, "seq": seq, "t": t, "h": 40.0}
    return b"state " + json.dumps({**fields, "cls": "a", "p": 0.9}).encode() + b"\r\n"


def failed_state(seq: int) -> bytes:
    fields = {"ts": 1700000000 + 60 * seq, "boot": 7, "seq": seq, "t": None, "h": None}
    text = json.dumps({**fields, "cls": None, "p": None, "err": "timeout"})
    return b"state " + text.encode() + b"\n"
