"""Times as numbers: seconds, milliseconds, days of a spreadsheet, digits in a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError

__all__ = ["UNITS", "Numbers", "convert_unit", "read_numbers"]

Floats = NDArray[np.float64]

UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "excel": 86400.0,
}
_NAMES = {
    "ns": "nanoseconds",
    "us": "microseconds",
    "ms": "milliseconds",
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "excel": "days of a spreadsheet",
}
_2000_S, _2100_S = 946684800.0, 4102444800.0
_EXCEL_2000_D, _EXCEL_2100_D = 36526.0, 73050.0
_EXCEL_1970_D = 25569.0
_PERIODS_S = (1.0, 3600.0)  # from reading to reading
_COMPACT = {
    14: ("%Y%m%d%H%M%S",),
    12: ("%Y%m%d%H%M", "%y%m%d%H%M%S"),
    10: ("%y%m%d%H%M",),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Numbers:
    """``seconds``: float64[n]; ``format``: in words; ``is_local``: of the clock on the wall, not
    UTC; ``since_start``: they count from the start of the log."""

    seconds: Floats
    format: str
    is_local: bool = False
    since_start: bool = False


def convert_unit(values: Floats, unit: str) -> Numbers:
    """Return the times in a unit that is known."""
    if unit == "excel":
        return _excel(values)
    seconds = _to_seconds(values, unit)
    since_start = bool(np.abs(seconds).max() < _2000_S / 3)
    kind = "since the start" if since_start else "since 1970"
    return Numbers(seconds, f"{_NAMES[unit]} {kind}", False, since_start)


def read_numbers(
    cells: list[str], values: Floats, median_step: Callable[[Floats], float], where: str
) -> Numbers:
    """Find the unit by size and step. ``median_step``: of values within a series, 0 without one.

    ``where``: 'FILE: column NAME' for the InputError where two units fit.
    """
    low, high = float(values.min()), float(values.max())
    compact = _compact(cells, where)
    for unit in ("s", "ms", "us", "ns"):
        if low * UNITS[unit] >= _2000_S and high * UNITS[unit] < _2100_S:
            if compact is not None and unit == "s":
                if not _is_past(high):
                    return compact
                raise InputError(
                    f"{where}: {cells[0]} can be seconds since 1970 or digits of a date: say "
                    "--date-format s or --date-format %y%m%d%H%M"
                )
            return Numbers(_to_seconds(values, unit), f"{_NAMES[unit]} since 1970")
    if compact is not None and len(cells[0]) > 10:
        return compact
    step = median_step(values)
    if low >= _EXCEL_2000_D and high < _EXCEL_2100_D and 0 < step < 0.5:
        return _excel(values)
    unit = _unit_since_start(step, where)
    return Numbers(_to_seconds(values, unit), f"{_NAMES[unit]} since the start", False, True)


def _to_seconds(values: Floats, unit: str) -> Floats:
    # dividing by 1000 is exact where multiplying by 0.001 is not
    factor = UNITS[unit]
    return values / round(1 / factor) if factor < 1 else values * factor


def _is_past(time_s: float) -> bool:
    return time_s <= datetime.now(UTC).timestamp() + 86400


def _unit_since_start(step: float, where: str) -> str:
    low, high = _PERIODS_S
    if not low <= step / 1000 <= high or step == high:
        return "s"
    if step < high or step % 3600 == 0:
        raise InputError(
            f"{where}: a step of {step:g} can be seconds or milliseconds: say --date-format s or "
            "--date-format ms"
        )
    return "ms"


def _excel(values: Floats) -> Numbers:
    # A day of a spreadsheet has some seven decimals: to the tenth of a second, and milliseconds
    # of rounding are none of the clock.
    seconds = np.round((values - _EXCEL_1970_D) * 86400.0, 1)
    return Numbers(seconds, _NAMES["excel"], is_local=True)


def _compact(cells: list[str], where: str) -> Numbers | None:
    width = len(cells[0])
    if width not in _COMPACT or not all(len(c) == width and c.isdecimal() for c in cells):
        return None
    found = {}
    for date_format in _COMPACT[width]:
        known = {cell: _guess_unit(cell, date_format) for cell in set(cells)}
        if None not in known.values():
            found[date_format] = np.array([known[cell] for cell in cells], dtype=np.float64)
    if len(found) > 1:
        raise InputError(
            f"{where}: {cells[0]} can be {' or '.join(found)}: say which with --date-format"
        )
    for date_format, seconds in found.items():
        return Numbers(seconds, f"digits {date_format}", is_local=True)
    return None


def _guess_unit(cell: str, date_format: str) -> float | None:
    try:
        time = datetime.strptime(cell, date_format).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (time - _EPOCH).total_seconds() if 2000 <= time.year < 2100 else None
