"""Time zones by name."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgewise.errors import InputError

__all__ = ["find_zone"]

_OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})?")
_OFFSET_MAX_H = 14


def find_zone(name: str) -> tzinfo:
    """Return the zone of a name such as Europe/Berlin, or of an offset. Raises InputError."""
    offset = _OFFSET.fullmatch(name)
    if offset and int(offset[2]) <= _OFFSET_MAX_H and int(offset[3] or 0) < 60:
        size = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-size if offset[1] == "-" else size)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise InputError(
            f"--tz {name}: no such zone: write one such as Europe/Berlin, America/New_York, +02:00"
        ) from exc
