"""What to do about a node's refusal of an update or an order."""

from __future__ import annotations

import re
import time

__all__ = ["with_cure"]

_NOT_ABOVE = re.compile(r"counter \d+ is not above (\d+)$")
_DAY_MS = 86_400_000


def with_cure(error: str) -> str:
    """The node's ``error``, with what to do about it where that is known."""
    if error == "wrong key":
        return f"{error}: put this update.secret on the node with make flash or make deploy"
    if error.startswith("not signed"):
        return f"{error}: name the settings that hold it with --config"
    match = _NOT_ABOVE.search(error)
    days = (int(match.group(1)) - time.time_ns() // 1_000_000) // _DAY_MS if match else 0
    if days < 1:
        return error
    return (
        f"{error}, which is {days} days ahead of this computer's clock: set this clock, or reset "
        "the node's counter over the cable with edgewise deploy"
    )
