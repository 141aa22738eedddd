"""The rate of false alarms that a user wants: text such as 1/week."""

from __future__ import annotations

import re

from edgewise.errors import InputError

__all__ = ["per_week"]

_PER_WEEK = {"day": 7.0, "week": 1.0, "month": 7 / 30}
_RATE = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)/(day|week|month)")


def per_week(text: str) -> float:
    """Return the alarms a week and node of ``text``, such as 2/day; a month has 30 days.

    InputError for other text, and for 0: no log is long enough to promise that.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise InputError(
            f"--false-alarms {text}: a number above 0 and a time are expected, such as 1/week, "
            "2/day or 1/month"
        )
    return float(match[1]) * _PER_WEEK[match[2]]
