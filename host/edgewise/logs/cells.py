"""Turn the cells of a log into numbers, a column at a time; an error names the first bad cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.text import Sheet

__all__ = ["HUMIDITY", "TEMPERATURE", "Quantity", "read_times", "read_values", "tenths"]

Floats = NDArray[np.float64]

_FAILED = ("", "nan", "error")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_MAX = 1e11  # the year 5138; a larger number is milliseconds
_TENTHS_EPS = 1e-9
_HOT_C = 80.0  # a DHT22's highest; a column that is mostly above it is in Fahrenheit
_FAHRENHEIT_MAX = 176.0  # 80 degrees Celsius
_CURE = "correct it, or leave the cell empty for a failed read"


@dataclass(frozen=True)
class Quantity:
    """The unit of a column and its limits. A cell outside them is a typing error or another unit.

    A temperature inside the limits that no DHT22 can measure (outside -40..80) is accepted: a
    real log may hold a sensor that failed. `edgewise.features.table` treats the reading as failed,
    as the node does.
    """

    unit: str
    low: float
    high: float


TEMPERATURE = Quantity("degrees Celsius", -60.0, 150.0)
HUMIDITY = Quantity("%RH", 0.0, 100.0)


def tenths(values: Floats) -> NDArray[np.int16]:
    """Round to tenths, half away from zero, as the decimal text reads; NaN becomes 0.

    A binary fraction can lie a little below the half that the text names (less than 1e-12 in the
    range of a DHT22). The added 1e-9 rounds it up. A text with ten or more decimals could be
    rounded wrongly, but no sensor writes one.
    """
    size = np.floor(np.abs(np.nan_to_num(values)) * 10 + 0.5 + _TENTHS_EPS)
    return np.copysign(size, values).astype(np.int16)


def read_values(sheet: Sheet, column: int, quantity: Quantity) -> Floats:
    """Return float64[n] in the quantity's unit, NaN = failed read. Raises InputError."""
    cells = sheet.cells(column)
    values, bad = _parse(cells, _number)
    if bad is not None:
        comma = "use a decimal point" if cells[bad].count(",") == 1 else _CURE
        raise InputError(f"{sheet.place(bad, column)}: {cells[bad]!r} is not a number: {comma}")
    known = values[~np.isnan(values)]
    fahrenheit = quantity is TEMPERATURE and bool(2 * (known > _HOT_C).sum() > len(known))
    high = _HOT_C if fahrenheit else quantity.high
    outside = np.flatnonzero((values < quantity.low) | (values > high))
    if len(outside):
        row = int(outside[0])
        raise InputError(
            f"{sheet.place(row, column)}: {cells[row]} "
            + _range_error(quantity, fahrenheit and bool(values[row] <= _FAHRENHEIT_MAX))
        )
    return values


def _range_error(quantity: Quantity, fahrenheit: bool) -> str:
    if fahrenheit:
        return "looks like Fahrenheit: convert to Celsius, (F - 32) / 1.8"
    return f"is outside {quantity.low:g}..{quantity.high:g} {quantity.unit}: {_CURE}"


def read_times(sheet: Sheet, column: int) -> Floats:
    """Return float64[n], unix seconds (or seconds since the start of the log). Raises InputError.

    All cells are numbers or all are ISO 8601; a time without an offset is UTC.
    """
    cells = sheet.cells(column)
    kinds: tuple[Callable[[str], float | None], ...] = (_seconds, _iso)
    if _seconds(cells[0]) is None:
        kinds = (_iso, _seconds)
    values, bad = _parse(cells, kinds[0])
    if bad is None:
        if np.abs(values).max() > _SECONDS_MAX:
            row = int(np.argmax(np.abs(values) > _SECONDS_MAX))
            raise InputError(
                f"{sheet.place(row, column)}: {cells[row]} looks like milliseconds: divide by 1000"
            )
        return values
    where = sheet.place(bad, column)
    if kinds[1](cells[bad]) is not None:
        raise InputError(
            f"{where}: {cells[bad]} and {cells[0]} mix units: "
            "write every time in seconds, or every time in ISO 8601"
        )
    fault = f"{cells[bad]!r} is not a time" if cells[bad] else "the time is missing"
    raise InputError(f"{where}: {fault}: write ISO 8601 such as 2015-02-04T17:51:00Z, or seconds")


def _parse(cells: list[str], parse: Callable[[str], float | None]) -> tuple[Floats, int | None]:
    # Parses each distinct text once. The second result is the first row that does not parse.
    known = {cell: parse(cell) for cell in set(cells)}
    if None in known.values():
        return np.zeros(0), next(i for i, cell in enumerate(cells) if known[cell] is None)
    return np.array([known[cell] for cell in cells], dtype=np.float64), None


def _seconds(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if isfinite(value) and "_" not in cell else None  # float("1_0") is 10.0


def _number(cell: str) -> float | None:
    return nan if cell.casefold() in _FAILED else _seconds(cell)


def _iso(cell: str) -> float | None:
    try:
        time = datetime.fromisoformat(cell)
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH).total_seconds()
