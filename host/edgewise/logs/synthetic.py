"""Generate the log of an office, for use without the real log. It proves nothing about rooms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import cos, pi
from random import Random

__all__ = ["HEADER", "PARTS", "occupancy_rows"]

HEADER = ("split", "time", "temp_c", "rh", "occupied", "origin")
# part, first minute, rows. The sizes are those of the real log; the year 2001 shows that nothing
# was measured.
PARTS = (
    ("train", datetime(2001, 2, 5, 17, 51), 8143),
    ("test1", datetime(2001, 2, 12, 14, 19), 2665),
    ("test2", datetime(2001, 2, 19, 14, 48), 9752),
)
_HEAT_MIN, _MOISTURE_MIN = 45.0, 25.0  # time constants of the room


def occupancy_rows(seed: int = 0) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield one row a minute with the columns of HEADER; the same seed gives the same rows."""
    random = Random(seed)
    for part, start, count in PARTS:
        yield from _part(random, part, start, count)


def _part(
    random: Random, part: str, start: datetime, count: int
) -> Iterator[tuple[str, str, str, str, str, str]]:
    # People warm and moisten the room. Heating by day and the weather change it as well.
    heat_c, moisture_pc, drift_c, drift_pc = 0.0, 0.0, 0.0, 0.0
    presence = _Presence(random)
    for minute in range(count):
        now = start + timedelta(minutes=minute)
        is_present = presence.is_present(now)
        heat_c += (1.6 * is_present - heat_c) / _HEAT_MIN
        moisture_pc += (4.5 * is_present - moisture_pc) / _MOISTURE_MIN
        drift_c += random.gauss(0, 0.01) - 0.002 * drift_c
        drift_pc += random.gauss(0, 0.05) - 0.002 * drift_pc
        day = -cos(2 * pi * (now.hour + now.minute / 60 - 3) / 24)
        t = 20.6 + 0.6 * day + heat_c + drift_c + random.gauss(0, 0.02)
        h = 25.0 - 0.9 * day + moisture_pc - 0.8 * heat_c + drift_pc + random.gauss(0, 0.05)
        stamp = now.isoformat(sep=" ")
        yield part, stamp, f"{t:.3f}", f"{h:.3f}", str(int(is_present)), "SYNTHETIC"


class _Presence:
    """When people are in the office: working hours on weekdays without lunch and meetings.

    The hours are drawn again every day.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._date = datetime.min.date()
        self._stays_h: list[tuple[float, float]] = []

    def is_present(self, now: datetime) -> bool:
        if now.date() != self._date:
            self._date = now.date()
            self._stays_h = self._draw_stays() if now.weekday() < 5 else []
        hour = now.hour + now.minute / 60
        return any(begin <= hour < end for begin, end in self._stays_h)

    def _draw_stays(self) -> list[tuple[float, float]]:
        arrival, lunch = self._random.gauss(8.3, 0.4), self._random.gauss(12.3, 0.3)
        meeting, departure = self._random.uniform(14, 15.5), self._random.gauss(17.8, 0.5)
        return [(arrival, lunch), (lunch + 0.8, meeting), (meeting + 0.7, departure)]
