"""What a node says of its outputs, in words; the values may come from any node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["describe_outputs"]

_MOST = 4  # a node has no more


def describe_outputs(diag: Mapping[str, Any]) -> str:
    """Return such as 'fan on, heater off' of a diag; "" without outputs."""
    states = diag.get("outputs")
    if not isinstance(states, Mapping):
        return ""
    pairs = [(name, state) for name, state in states.items() if state in ("on", "off")]
    return ", ".join(f"{str(name)[:16]} {state}" for name, state in pairs[:_MOST])
