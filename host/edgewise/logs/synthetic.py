"""A generated office, for where the real log cannot be had. It proves nothing about rooms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import cos, pi
from random import Random

__all__ = ["HEADER", "PARTS", "occupancy_rows"]

HEADER = ("split", "time", "temp_c", "rh", "occupied", "origin")
# part, first minute, rows: the sizes of the real log; a year that no one takes for a measurement
PARTS = (
    ("train", datetime(2001, 2, 5, 17, 51), 8143),
    ("test1", datetime(2001, 2, 12, 14, 19), 2665),
    ("test2", datetime(2001, 2, 19, 14, 48), 9752),
)
_HEAT_MIN, _MOISTURE_MIN = 45.0, 25.0  # time constants of the room


def occupancy_rows(seed: int = 0) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield one row a minute in the columns of HEADER; the same seed gives the same rows."""
    random = Random(seed)
    for part, start, count in PARTS:
        yield from _part(random, part, start, count)


def _part(
    random: Random, part: str, start: datetime, count: int
) -> Iterator[tuple[str, str, str, str, str, str]]:
    # People warm and moisten the room; heating by day and the weather do so without them.
    heat_c, moisture_pc, drift_c, drift_pc = 0.0, 0.0, 0.0, 0.0
    here, times = False, _Presence(random)
    for minute in range(count):
        now = start + timedelta(minutes=minute)
        here = times.at(now)
        heat_c += (1.6 * here - heat_c) / _HEAT_MIN
        moisture_pc += (4.5 * here - moisture_pc) / _MOISTURE_MIN
        drift_c += random.gauss(0, 0.01) - 0.002 * drift_c
        drift_pc += random.gauss(0, 0.05) - 0.002 * drift_pc
        day = -cos(2 * pi * (now.hour + now.minute / 60 - 3) / 24)
        t = 20.6 + 0.6 * day + heat_c + drift_c + random.gauss(0, 0.02)
        h = 25.0 - 0.9 * day + moisture_pc - 0.8 * heat_c + drift_pc + random.gauss(0, 0.05)
        stamp = now.isoformat(sep=" ")
        yield part, stamp, f"{t:.3f}", f"{h:.3f}", str(int(here)), "SYNTHETIC"


class _Presence:
    """Working hours on weekdays with lunch and meetings; drawn again every day."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._date = datetime.min.date()
        self._present: list[tuple[float, float]] = []

    def at(self, now: datetime) -> bool:
        if now.date() != self._date:
            self._date = now.date()
            self._present = self._draw() if now.weekday() < 5 else []
        hour = now.hour + now.minute / 60
        return any(come <= hour < go for come, go in self._present)

    def _draw(self) -> list[tuple[float, float]]:
        come, lunch = self._random.gauss(8.3, 0.4), self._random.gauss(12.3, 0.3)
        meeting, home = self._random.uniform(14, 15.5), self._random.gauss(17.8, 0.5)
        return [(come, lunch), (lunch + 0.8, meeting), (meeting + 0.7, home)]
