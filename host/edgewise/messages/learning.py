"""What a node says of its learning, in words; the values may come from any node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["describe_learning", "describe_limits", "learning_day"]

_DAYS = 7  # of readings; then the limits are from the last seven
_HOURS = 24


def describe_learning(diag: Mapping[str, Any]) -> str:
    """Return such as 'learning, day 2 of 7: limits from 1 day here' of a diag; "" without any."""
    days = diag.get("limits_d")
    if not isinstance(diag.get("learnt_h"), int) or not isinstance(days, int):
        return ""
    if not 0 <= days <= _DAYS:
        return ""
    return f"{learning_day(diag) or 'learnt'}: {describe_limits(days)}"


def learning_day(diag: Mapping[str, Any]) -> str:
    """Return such as 'learning, day 2 of 7' of a diag; "" when it has learnt, or does not."""
    hours = diag.get("learnt_h")
    if not isinstance(hours, int) or not 0 <= hours < _DAYS * _HOURS:
        return ""
    return f"learning, day {hours // _HOURS + 1} of {_DAYS}"


def describe_limits(days: int) -> str:
    """Return from what the limits of a detector are; ``days``: of the node's own readings."""
    if days == 0:
        return "generic limits"
    return f"limits from {days} day{'s' * (days != 1)} here"
