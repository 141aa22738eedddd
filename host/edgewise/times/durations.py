"""Durations in words."""

from __future__ import annotations

__all__ = ["long_duration", "short_duration"]

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))
_NAMES = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def short_duration(seconds: float) -> str:
    """Such as 45 s, 3 min, 5 h or 12 d."""
    whole = max(0, int(seconds))
    for unit, size in _UNITS:
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def long_duration(seconds: float) -> str:
    """The two largest units: 3 days 4 hours, 1 hour 5 minutes, 12 seconds."""
    rest = max(0, int(seconds))
    parts: list[str] = []
    for name, size in _NAMES:
        n, rest = divmod(rest, size)
        if n or (name == "second" and not parts):
            parts.append(f"{n} {name}{'s' * (n != 1)}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)
