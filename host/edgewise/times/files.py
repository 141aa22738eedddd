"""The form of times in files: ISO 8601 in UTC, with Z."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["iso"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(time_s: float) -> str:
    """Return unix seconds as ISO 8601 in UTC."""
    time = (_EPOCH + timedelta(seconds=time_s)).isoformat()
    return time.removesuffix("+00:00") + "Z"
