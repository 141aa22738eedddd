"""Months of UTC, such as "2026-03"."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["end_of", "month_of", "start_of"]

_LAST_S = 253402300799  # the end of the year 9999, the last with four digits


def month_of(time_s: float) -> str:
    """The month of unix seconds; before 1970 and after 9999 the first and the last one."""
    return datetime.fromtimestamp(min(max(time_s, 0), _LAST_S), UTC).strftime("%Y-%m")


def start_of(month: str) -> float:
    """The first second of ``month``, in unix seconds."""
    return datetime.fromisoformat(f"{month}-01T00:00:00+00:00").timestamp()


def end_of(month: str) -> float:
    """The first second of the month after ``month``, in unix seconds."""
    year, number = map(int, month.split("-"))
    if (year, number) == (9999, 12):
        return _LAST_S + 1.0
    return start_of(f"{year + number // 12:04}-{number % 12 + 1:02}")
