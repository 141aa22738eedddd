"""Times as people read and type them, in one zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from edgewise.errors import InputError
from edgewise.times.zones import find_zone

__all__ = ["LOCAL", "Clock"]

_DAY_S = 86400
_TYPED = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?: ?([+-]\d{1,2}:?\d{2}|Z|UTC))?"
)
_STORED = re.compile(r"\b(\d\d [A-Z][a-z]{2}) (\d\d:\d\d) UTC\b")
_STORED_DAY = re.compile(r"\bon (\d\d [A-Z][a-z]{2}) \(UTC\)")
_FORM = "2026-11-24 07:15"


@dataclass(frozen=True)
class Clock:
    """The clock on the wall of ``zone``; None is the zone of this computer.

    Times are unix seconds. An hour that comes twice at the end of summer time is told by its
    offset.
    """

    zone: tzinfo | None = None

    def at(self, time_s: float) -> datetime:
        """The time as a datetime with its zone."""
        return datetime.fromtimestamp(time_s, UTC).astimezone(self.zone)

    def text(self, time_s: float) -> str:
        """Such as 24 Nov 07:15, with the year where it is not this one."""
        return self._day_and_time(time_s) + self._fold(self.at(time_s))

    def span(self, from_s: float, to_s: float) -> str:
        """Such as 24 Nov 07:15 to 08:00, with the day of its end where that is another."""
        end = self.at(to_s)
        is_day = self.at(from_s).date() == end.date()
        text = f"{end:%H:%M}{self._fold(end)}" if is_day else self.text(to_s)
        return f"{self.text(from_s)} to {text}"

    def with_zone(self, time_s: float) -> str:
        """Such as 24 Nov 07:15 CET."""
        return f"{self._day_and_time(time_s)} {self.at(time_s):%Z}"

    def format_full(self, time_s: float) -> str:
        """Such as 2026-11-24 07:15:09 CET."""
        return f"{self.at(time_s):%Y-%m-%d %H:%M:%S %Z}"

    def localize_iso(self, text: str) -> str:
        """A time of a file, ISO 8601 with its zone, as `full` has it; another text as it is."""
        try:
            return self.format_full(datetime.fromisoformat(text).timestamp())
        except (OSError, OverflowError, ValueError):
            return text

    def format_field(self, time_s: float) -> str:
        """Such as 2026-11-24 07:15, with seconds where they are not zero; `parse` reads it."""
        time = self.at(time_s)
        seconds = ":%S" if time.second else ""
        return f"{time:%Y-%m-%d %H:%M{seconds}}{self._fold(time)}"

    def parse(self, text: str) -> float:
        """The unix seconds of a typed time; InputError says how to type it.

        It is InputError too for a time that the clock skips at the start of summer time, and for
        one of the hour that comes twice, without an offset.
        """
        match = _TYPED.fullmatch(text.strip())
        try:
            if not match:
                raise ValueError
            *fields, offset = match.groups(default="0")
            year, month, day, hour, minute, second = map(int, fields)
            naive = datetime(year, month, day, hour, minute, second)
            zone = None if offset == "0" else UTC if offset in ("Z", "UTC") else find_zone(offset)
        except (InputError, ValueError) as e:
            raise InputError(f"{text.strip()[:40]!r}: not a time: write it as {_FORM}") from e
        if zone:
            return naive.replace(tzinfo=zone).timestamp()
        times = self.moments(naive)
        if not times:
            raise InputError(f"{text}: the clock skips it at the start of summer time")
        if len(times) > 1:
            ends = " or ".join(self._offset(self.at(time_s)) for time_s in times)
            raise InputError(f"{text}: this time comes twice: add its offset, {ends}")
        return times[0]

    def moments(self, naive: datetime) -> list[float]:
        """When the clock shows ``naive``: once, never or twice where it is put forward or back."""
        first, second = (naive.replace(tzinfo=self.zone, fold=fold).timestamp() for fold in (0, 1))
        return [] if first > second else [first] if first == second else [first, second]

    def localize(self, text: str, near_s: float) -> str:
        """``text`` with the times that are stored in it on this clock.

        They are such as 24 Nov 07:15 UTC, or on 24 Nov (UTC) for a day. They have no year: it is
        the one that brings them near to ``near_s``.
        """

        def time(match: re.Match[str]) -> str:
            time_s = _stored_time(f"{match[1]} {match[2]}", near_s)
            return match[0] if time_s is None else self.with_zone(time_s)

        def day(match: re.Match[str]) -> str:
            time_s = _stored_time(f"{match[1]} 00:00", near_s)
            return match[0] if time_s is None else self._day(time_s)

        return _STORED_DAY.sub(day, _STORED.sub(time, text))

    def _day(self, day_s: float) -> str:
        # a day of UTC, which need not be one here
        if self.at(day_s).time() == datetime.min.time():
            return f"on {self.at(day_s):%d %b}"
        return f"from {self.text(day_s)} to {self.with_zone(day_s + _DAY_S)}"

    def changes(self, first_s: float, last_s: float) -> list[tuple[float, int]]:
        """The offsets between two times: from when [unix seconds], and seconds east of UTC."""
        return list(self._changes(first_s, last_s))

    def _changes(self, first_s: float, last_s: float) -> Iterator[tuple[float, int]]:
        last_offset = self._east_s(first_s)
        yield first_s, last_offset
        time_s = first_s
        while time_s < last_s:
            time_s += _DAY_S
            offset = self._east_s(time_s)
            if offset != last_offset:
                yield self._find_change(time_s - _DAY_S, time_s), offset
                last_offset = offset

    def _find_change(self, before_s: float, after_s: float) -> float:
        offset = self._east_s(after_s)
        while after_s - before_s > 1:
            middle_s = (before_s + after_s) // 2
            if self._east_s(middle_s) == offset:
                after_s = middle_s
            else:
                before_s = middle_s
        return after_s // 1

    def _east_s(self, time_s: float) -> int:
        offset = self.at(time_s).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def _day_and_time(self, time_s: float) -> str:
        time = self.at(time_s)
        year = "" if time.year == self.at(datetime.now(UTC).timestamp()).year else " %Y"
        return f"{time:%d %b{year} %H:%M}"

    def _fold(self, time: datetime) -> str:
        is_twice = len(self.moments(time.replace(tzinfo=None))) > 1
        return f" {self._offset(time)}" if is_twice else ""

    @staticmethod
    def _offset(time: datetime) -> str:
        text = f"{time:%z}"
        return f"{text[:3]}:{text[3:5]}"


def _stored_time(text: str, near_s: float) -> float | None:
    times = []
    year = datetime.fromtimestamp(near_s, UTC).year
    for any_year in (year - 1, year, year + 1):
        with suppress(ValueError):  # 29 Feb, or no month
            time = datetime.strptime(f"{any_year} {text} +0000", "%Y %d %b %H:%M %z")
            times.append(time.timestamp())
    return min(times, key=lambda time_s: abs(time_s - near_s), default=None)


LOCAL = Clock()
