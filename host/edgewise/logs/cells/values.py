"""Temperature and humidity: cells as Celsius and %RH; an error names the first bad cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.logs.names import read_name
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["MISSING", "Values", "read_humidity", "read_temperature", "tenths"]

Floats = NDArray[np.float64]

MISSING = frozenset(
    (
        *("", "-", "--", "---", "?", "nan", "null", "none", "na", "n/a", "#n/a", "<na>"),
        *("err", "error", "fail", "failed", "unavailable", "unknown", "timeout"),
    )
)
# What drivers return for a failed read; no room has any of them.
_SENTINELS = frozenset((-127.0, -999.0, -999.9, -9999.0, 999.0, 999.9, 9999.0))
_CELL = re.compile(
    r"([-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?)\s*"
    r"(?:[\u00b0\u00ba*]|deg\.?)?\s*(c|f|k|celsius|fahrenheit|kelvin|%|%\s*rh|rh|%\s*rf|percent)?",
    re.IGNORECASE,
)
_UNITS = {"c": "C", "celsius": "C", "f": "F", "fahrenheit": "F", "k": "K", "kelvin": "K"}
_TENTHS_EPS = 1e-9
_CURE = "correct it, or leave the cell empty for a failed read"
# A cell outside is a typing error or another unit. A temperature inside that no DHT22 can measure
# (outside -40..80) is accepted: a real log may hold a sensor that failed. features.table treats
# the reading as failed, as the node does.
_LIMITS = {"C": (-60.0, 150.0), "%": (0.0, 100.0)}
_NAMES = {"C": "degrees Celsius", "%": "%RH"}


@dataclass(frozen=True)
class Values:
    """``values``: float64[n] in Celsius or %RH, NaN = failed read; ``unit``: C, F, K, % or
    fraction, as in the file; ``decimal``: its mark, "" where no cell has one."""

    values: Floats
    unit: str
    decimal: str


@dataclass(frozen=True)
class _Cell:
    value: float
    unit: str | None
    decimal: str


def tenths(values: Floats) -> NDArray[np.int16]:
    """Round to tenths, half away from zero, as the decimal text reads; NaN becomes 0.

    A binary fraction can lie a little below the half that the text names (less than 1e-12 in the
    range of a DHT22). The added 1e-9 rounds it up. A text with ten or more decimals could be
    rounded wrongly, but no sensor writes one.
    """
    size = np.floor(np.abs(np.nan_to_num(values)) * 10 + 0.5 + _TENTHS_EPS)
    return np.copysign(size, values).astype(np.int16)


def read_temperature(sheet: Sheet, column: int, choices: Choices) -> Values:
    """Return the temperatures in Celsius. The unit is what the user says, else what the cells,
    the column or the file say, else Celsius. Raises InputError."""
    cells, known = _parse(sheet, column, choices, ("C", "F", "K"))
    named = read_name(sheet.header[column]).unit
    in_cells = _unit_of(sheet, column, cells, known)
    if choices.unit and in_cells and in_cells != choices.unit:
        raise InputError(
            f"{sheet.place(0, column)}: the cells are in {in_cells}: leave --unit {choices.unit} "
            "out, or correct the cells"
        )
    unit = choices.unit or in_cells or named or sheet.unit or "C"
    values = np.array([known[cell].value for cell in cells])
    if unit == "F":
        values = (values - 32.0) / 1.8
    elif unit == "K":
        values = values - 273.15
    if unit == "C" and not choices.unit and not choices.as_is:
        _refuse_other_unit(sheet, column, values)
    _refuse_outside(sheet, column, cells, values, "C")
    return Values(values, unit, _decimal(known))


def read_humidity(sheet: Sheet, column: int, choices: Choices) -> Values:
    """Return the humidity in %RH. Raises InputError."""
    cells, known = _parse(sheet, column, choices, ("%",))
    _unit_of(sheet, column, cells, known)
    values = np.array([known[cell].value for cell in cells])
    unit = choices.humidity_unit or "%"
    if unit == "fraction":
        values = values * 100.0
    _refuse_outside(sheet, column, cells, values, "%")
    return Values(values, unit, _decimal(known))


def _parse(
    sheet: Sheet, column: int, choices: Choices, units: tuple[str, ...]
) -> tuple[list[str], dict[str, _Cell]]:
    # Parses each distinct text once.
    cells = sheet.cells(column)
    known: dict[str, _Cell] = {}
    bad: set[str] = set()
    for text in set(cells):
        cell = _cell(text)
        if cell is None or cell.unit not in (None, *units):
            bad.add(text)
        else:
            known[text] = cell
    if bad:
        row = next(i for i, cell in enumerate(cells) if cell in bad)
        fault = "is not a number"
        if (parsed := _cell(cells[row])) is not None:
            fault = f"is in {parsed.unit}, another unit"
        raise InputError(f"{sheet.place(row, column)}: {cells[row]!r} {fault}: {_CURE}")
    marks = {cell.decimal for cell in known.values()} - {""}
    wanted = choices.decimal or next((m for m in (known[c].decimal for c in cells) if m), "")
    if marks - {wanted}:
        row = next(i for i, c in enumerate(cells) if known[c].decimal not in ("", wanted))
        if choices.decimal:
            why = f"--decimal {wanted} says another mark: correct the option or the cell"
        else:
            why = "the column mixes decimal points and commas: use one of them"
        raise InputError(f"{sheet.place(row, column)}: {cells[row]!r}: {why}")
    return cells, known


def _cell(text: str) -> _Cell | None:
    plain = text.replace("\u2212", "-").replace("\u00a0", " ").replace("\u202f", " ").strip(" '\"")
    match = _CELL.fullmatch(plain)
    if match is None:
        return _Cell(nan, None, "") if plain.casefold() in MISSING else _failed_with_unit(plain)
    number = match[1]
    value = float(number.replace(",", "."))
    if value in _SENTINELS:
        return _Cell(nan, None, "")
    mark = "," if "," in number else "." if "." in number else ""
    unit = match[2] and _UNITS.get(match[2].casefold(), "%")
    return _Cell(value, unit, mark)


def _failed_with_unit(text: str) -> _Cell | None:
    # "nan °C", "-- %"
    word = re.sub(r"\s*(?:[\u00b0\u00ba*]?\s*[CFK]|%)$", "", text, flags=re.IGNORECASE)
    return _Cell(nan, None, "") if word != text and word.casefold() in MISSING else None


def _unit_of(sheet: Sheet, column: int, cells: list[str], known: dict[str, _Cell]) -> str | None:
    units = {cell.unit for cell in known.values()} - {None}
    if len(units) > 1:
        first = next(known[c].unit for c in cells if known[c].unit)
        row = next(i for i, c in enumerate(cells) if known[c].unit not in (None, first))
        raise InputError(
            f"{sheet.place(row, column)}: mixed units, {cells[row]} after cells in {first}: "
            "convert all rows to one unit"
        )
    return units.pop() if units else None


def _decimal(known: dict[str, _Cell]) -> str:
    return next((cell.decimal for cell in known.values() if cell.decimal), "")


def _refuse_other_unit(sheet: Sheet, column: int, values: Floats) -> None:
    # Values that no place on earth has in Celsius, but a room in another unit.
    known = values[~np.isnan(values)]
    for unit, name, low, high in (("K", "kelvin", 230.0, 340.0), ("F", "Fahrenheit", 80.0, 176.0)):
        fitting = known[(known > low) & (known <= high)]
        if 2 * len(fitting) > len(known):
            raise InputError(
                f"{sheet.path}: column {sheet.header[column]}: most values are in "
                f"{fitting.min():g}..{fitting.max():g}: looks like {name}: say --unit {unit}, or "
                "--unit C if it is Celsius"
            )


def _refuse_outside(
    sheet: Sheet, column: int, cells: list[str], values: Floats, unit: str
) -> None:
    low, high = _LIMITS[unit]
    outside = np.flatnonzero((values < low) | (values > high))
    if len(outside):
        row = int(outside[0])
        raise InputError(
            f"{sheet.place(row, column)}: {cells[row]} is outside {low:g}..{high:g} "
            f"{_NAMES[unit]}: {_CURE}"
        )
