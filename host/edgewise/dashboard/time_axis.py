"""The time axis of the chart in the page's zone: where its ticks are, and what stands there.

ECharts knows the zone of the browser only. So the ticks come from here, and a script that counts
with the offsets of the zone writes the labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from edgewise.times import Clock

__all__ = ["AXIS_LABEL", "script", "ticks"]

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_STEPS_S = (
    *(_MINUTE_S * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR_S * n for n in (1, 2, 3, 6, 12)),
)
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 3, 6, 12, 24, 60, 120)
_MONTH_S = 30.4 * _DAY_S
_YEAR_S = 366 * _DAY_S  # a page may scroll to before the first reading, and stay open
_MONTH_NAMES = [f"{datetime(2000, month, 1):%b}" for month in range(1, 13)]
# A date whose UTC fields are the fields of the clock on the wall, and the parts of a label.
_WALL = """
  const offsets = OFFSETS, months = MONTHS;
  const two = n => String(n).padStart(2, '0');
  const wall = ms => {
    let east = offsets[0][1];
    for (const [from, offset] of offsets) if (from <= ms) east = offset;
    return new Date(ms + east);
  };
  const day = d => two(d.getUTCDate()) + ' ' + months[d.getUTCMonth()];
  const minute = d => two(d.getUTCHours()) + ':' + two(d.getUTCMinutes());
"""
# The first label, and each midnight, names the day and the month; 1 Jan names the year.
AXIS_LABEL = """(ms, index) => {WALL
  const d = wall(ms), isMidnight = minute(d) === '00:00';
  const isNewYear = isMidnight && d.getUTCMonth() === 0 && d.getUTCDate() === 1;
  const above = isMidnight ? day(d) : minute(d);
  const first = isMidnight ? String(d.getUTCFullYear()) : day(d);
  return above + (index === 0 || isNewYear ? '\\n' + first : '');
}"""


def script(template: str, clock: Clock, first_s: float, last_s: float) -> str:
    """``template`` with the functions wall, day, minute and two where it says WALL."""
    changes = clock.changes(first_s - 2 * _YEAR_S, last_s + _YEAR_S)
    offsets = [[1000 * from_s, 1000 * east_s] for from_s, east_s in changes]
    texts = {"OFFSETS": json.dumps(offsets), "MONTHS": json.dumps(_MONTH_NAMES)}
    wall = _WALL
    for name, text in texts.items():
        wall = wall.replace(name, text)
    return template.replace("WALL", wall)


def ticks(clock: Clock, first_s: float, last_s: float, n_max: int) -> list[float]:
    """At most about ``n_max`` round times of the clock from ``first_s`` to ``last_s``."""
    least_s = (last_s - first_s) / n_max
    times: Iterator[float]
    step_s = next((s for s in _STEPS_S if s >= least_s), None)
    days = next((n for n in _DAYS if n * _DAY_S >= least_s), None)
    if step_s:
        times = _in_days(clock, first_s, last_s, step_s)
    elif days:
        times = _midnights(clock, first_s, last_s, days)
    else:
        months = next((n for n in _MONTHS if n * _MONTH_S >= least_s), _MONTHS[-1])
        times = _months(clock, first_s, last_s, months)
    return [time_s for time_s in times if first_s <= time_s <= last_s]


def _in_days(clock: Clock, first_s: float, last_s: float, step_s: int) -> Iterator[float]:
    for midnight in _dates(clock, first_s, last_s):
        for second in range(0, _DAY_S, step_s):
            yield from clock.moments(midnight + timedelta(seconds=second))


def _midnights(clock: Clock, first_s: float, last_s: float, days: int) -> Iterator[float]:
    for midnight in _dates(clock, first_s, last_s):
        if midnight.toordinal() % days == 0:
            yield from clock.moments(midnight)[:1]


def _months(clock: Clock, first_s: float, last_s: float, months: int) -> Iterator[float]:
    first, last = (clock.at(time_s) for time_s in (first_s, last_s))
    for number in range(12 * first.year, 12 * last.year + 12):
        if number % months == 0:
            yield from clock.moments(datetime(number // 12, number % 12 + 1, 1))[:1]


def _dates(clock: Clock, first_s: float, last_s: float) -> Iterator[datetime]:
    first, last = (clock.at(time_s).date().toordinal() for time_s in (first_s, last_s))
    for ordinal in range(first, last + 1):
        yield datetime.fromordinal(ordinal)
