"""Logs that cannot be what they seem: another unit, swapped columns, a sensor that never moved."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.logs.log import Log
from edgewise.logs.sheets.delimited import is_number

__all__ = ["check_plausible"]

Tenths = NDArray[np.int16]

_2000_S = 946684800.0
_AHEAD_S = 86400.0
_PERIODS_MS = (2000, 3_600_000)  # a DHT22 needs 2 s, a node reads at least once an hour
_HOT_DC = 400  # no room and no climate has it half of the time
_ROOM_PM = (100, 360)  # what a temperature in its place would look like
_LEAST_ROWS = 10  # fewer rows tell nothing
_MOVING_ROWS = 30
_JUMP_DC, _JUMP_PM = 100, 400
_JUMPS_SHARE = 0.1
_FRACTION_PM = 10  # 1.0 %RH
_LATTICE_LEAST = 20
_AS_IS = "or --as-is if the log is right"


def check_plausible(log: Log, choices: Choices) -> None:
    """Raise InputError for a log that looks like another thing than it says; one line with what
    it looks like and the option that says otherwise."""
    if choices.as_is:
        return
    for fault in _faults(log, choices):
        raise InputError(f"{log.path}: {fault}")


def _faults(log: Log, choices: Choices) -> Iterator[str]:
    yield from _reads(log)
    yield from _units(log, choices)
    yield from _period(log)
    yield from _times(log)
    yield from _nodes(log)
    yield from _find_still(log)
    yield from _jumps(log)


def _reads(log: Log) -> Iterator[str]:
    failed = int((~log.valid).sum())
    if not log.valid.any():
        yield "no reading has both values: are --temperature and --humidity right?"
    elif 2 * failed > len(log) >= _LEAST_ROWS:
        yield (f"{failed} of {len(log)} reads failed: check the wiring and the columns, {_AS_IS}")


def _units(log: Log, choices: Choices) -> Iterator[str]:
    t_dc, h_pm = log.t_dc[log.valid], log.h_pm[log.valid]
    t, h = float(np.median(t_dc)), float(np.median(h_pm))
    low = h_pm <= _FRACTION_PM
    is_fraction = 2 * int(low.sum()) > len(h_pm) and bool(((h_pm > 0) & (h_pm < 10)).any())
    if choices.humidity_unit is None and is_fraction:
        yield (
            f"most humidities are in 0..{h_pm[low].max() / 10:g}: looks like a fraction: "
            "say --humidity-unit fraction (it is multiplied by 100), or --humidity-unit % if it "
            "is %RH"
        )
    if choices.unit is not None or log.source.unit != "C":
        return
    is_hot = 2 * int((t_dc > _HOT_DC).sum()) > len(t_dc)
    is_swapped = is_hot and _ROOM_PM[0] <= h <= _ROOM_PM[1]
    if is_swapped and not _find_fahrenheit(t_dc):
        names = log.source.columns
        yield (
            f"half of the temperatures are above {t / 10:g}, half of the humidities below "
            f"{h / 10:g}: looks like swapped columns: --temperature '{names.get('humidity')}' "
            f"--humidity '{names.get('temperature')}'; or like Fahrenheit: --unit F; if it is "
            "right: --unit C"
        )
    elif is_hot or _find_fahrenheit(t_dc):
        yield (
            f"the temperatures (half are above {t / 10:g}) look like Fahrenheit: say --unit F, or "
            "--unit C if they are Celsius"
        )


def _find_fahrenheit(t_dc: Tenths) -> bool:
    # Fahrenheit made from tenths of Celsius uses 5 of 9 tenths. A log that uses no other was
    # converted: by chance it happens once in (9/5)^n logs with n different values.
    distinct = np.unique(t_dc).astype(np.int64)
    if len(distinct) < _LATTICE_LEAST:
        return False
    celsius_dc = np.round((distinct - 320) / 1.8)
    return bool((np.floor(celsius_dc * 1.8 + 320 + 0.5) == distinct).all())


def _period(log: Log) -> Iterator[str]:
    low, high = _PERIODS_MS
    if len(log) < _LEAST_ROWS or not log.period_ms:
        return
    if log.period_ms < low:
        yield (
            f"a reading every {log.period_ms / 1000:g} s: no DHT is read so often. Is the unit of "
            f"the time right (--date-format s, ms, min, excel)? Else keep every n-th row, {_AS_IS}"
        )
    if log.period_ms > high:
        yield (
            f"a reading every {log.period_ms / 1000:g} s: a node reads at least once an hour. Is "
            f"the unit of the time right (--date-format s, ms, min, excel)? {_AS_IS[3:]}"
        )


def _times(log: Log) -> Iterator[str]:
    if log.source.since_start:
        return
    first, last = float(log.time_s.min()), float(log.time_s.max())
    if first < _2000_S:
        row = int(np.argmin(log.time_s))
        yield (
            f"line {log.line[row]} is of {_day(first)}: a clock that was not set? Correct "
            f"the times, {_AS_IS}"
        )
    if last > datetime.now(UTC).timestamp() + _AHEAD_S:
        row = int(np.argmax(log.time_s))
        yield (
            f"line {log.line[row]} is of {_day(last)}, in the future: say the format with "
            f"--date-format, {_AS_IS}"
        )


def _day(time_s: float) -> str:
    try:
        return datetime.fromtimestamp(time_s, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return "another age"


def _nodes(log: Log) -> Iterator[str]:
    # A name that changes from row to row tells nodes apart.
    if len(log) < _LEAST_ROWS or (log.node != "").any():
        return
    for name, cells in log.extra.items():
        texts = cells.tolist()
        known = set(texts) - {""}
        if not 1 < len(known) <= len(texts) / 3 or any(map(is_number, known)):
            continue
        changes = sum(a != b for a, b in pairwise(texts))
        if 2 * changes > len(texts):
            names = ", ".join(sorted(known)[:3])
            yield (
                f"column {name} changes from row to row ({names}): does it name the node? Say "
                f"--group {shlex.quote(name)}, {_AS_IS}"
            )


def _find_still(log: Log) -> Iterator[str]:
    if int(log.valid.sum()) < _MOVING_ROWS:
        return
    for what, values in (("temperature", log.t_dc), ("humidity", log.h_pm)):
        known = values[log.valid]
        if int(known.min()) == int(known.max()):
            yield (
                f"the {what} is {known[0] / 10:g} in all {len(known)} readings: the sensor did "
                f"not move: check it, {_AS_IS}"
            )


def _jumps(log: Log) -> Iterator[str]:
    jumps = steps = 0
    for rows in log.series():
        known = rows[log.valid[rows]]
        t, h = np.diff(log.t_dc[known].astype(int)), np.diff(log.h_pm[known].astype(int))
        near = np.diff(log.time_s[known]) * 1000 <= 3 * max(log.period_ms, 1)
        jumps += int((near & ((abs(t) > _JUMP_DC) | (abs(h) > _JUMP_PM))).sum())
        steps += int(near.sum())
    if steps >= _MOVING_ROWS and jumps > _JUMPS_SHARE * steps:
        yield (
            f"{jumps} of {steps} steps are jumps of more than {_JUMP_DC / 10:g} C or "
            f"{_JUMP_PM / 10:g} %RH: two sensors in one log (--group COLUMN)? {_AS_IS[3:]}"
        )
