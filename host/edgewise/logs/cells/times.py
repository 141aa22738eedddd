"""The times of a log: which format they have, and unix seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.cells.dates import (
    Moment,
    Order,
    ambiguous_zone,
    order_of_name,
    parse_clock,
    parse_format,
    parse_text,
    zone_of_name,
)
from edgewise.logs.cells.numbers import UNITS, Numbers, convert_unit, read_numbers
from edgewise.logs.cells.zones import local_to_utc
from edgewise.logs.choices import Choices
from edgewise.logs.names import read_name
from edgewise.logs.order import rows_by_key, steps_of
from edgewise.logs.sheets.sheet import Sheet
from edgewise.times import find_zone

__all__ = ["Times", "read_times", "spread_minutes"]

Floats = NDArray[np.float64]
Parsed = TypeVar("Parsed")

_DAY_S = 86400.0
_MINUTES_SHARE = 0.2
_FIRST_S, _LAST_S = -62135500000.0, 253370000000.0
_WRITE = "write ISO 8601 such as 2015-02-04T17:51:00Z, or seconds"
_ORDERS = {"DMY": Order.DMY, "MDY": Order.MDY, "YMD": Order.YMD}


@dataclass(frozen=True)
class Times:
    """``time_s``: float64[n], unix seconds, or seconds since the start of the log; ``format`` and
    ``zone``: in words; ``is_local``: without a zone in the file and without --tz."""

    time_s: Floats
    format: str
    zone: str
    since_start: bool = False
    is_local: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _TimeColumn:
    """The cells of the times; ``column``: that of the dates; ``keys``: the series of each row."""

    sheet: Sheet
    column: int
    cells: list[str]
    keys: list[object]
    choices: Choices

    @property
    def name(self) -> str:
        return self.sheet.header[self.column]

    def place(self, row: int) -> str:
        return self.sheet.place(row, self.column)


def read_times(
    sheet: Sheet, columns: tuple[int, ...], keys: list[object], choices: Choices
) -> Times:
    """Return the time of each row. ``columns``: one, or that of the date and that of the time of
    day; ``keys``: the series of each row. Raises InputError."""
    column = _TimeColumn(sheet, columns[0], sheet.join_columns(columns), keys, choices)
    if choices.date_format:
        return _by_format(column, choices.date_format)
    first = column.cells[0]
    if len(columns) == 1 and _number(first) is not None:
        return _numbers(column)
    if parse_clock(first) is not None:
        return _clocks(column)
    return _texts(column)


def _parse(
    column: _TimeColumn,
    parse: Callable[[str], Parsed | None],
    also: str = "",
) -> dict[str, Parsed]:
    # Parses each distinct text once; InputError for the first row that does not parse.
    cells = column.cells
    parsed = {cell: parse(cell) for cell in set(cells)}
    known = {cell: value for cell, value in parsed.items() if value is not None}
    if len(known) == len(parsed):
        return known
    row = next(i for i, cell in enumerate(cells) if cell not in known)
    where = column.place(row)
    if not cells[row]:
        raise InputError(f"{where}: the time is missing: {_WRITE}")
    if also:
        raise InputError(f"{where}: {cells[row]!r} {also}")
    is_number, was_number = (
        _number(cells[row]) is not None,
        _number(cells[0]) is not None,
    )
    if is_number != was_number and (is_number or parse_text(cells[row]) is not None):
        raise InputError(
            f"{where}: {cells[row]} and {cells[0]} mix units: "
            "write every time in seconds, or every time in ISO 8601"
        )
    raise InputError(
        f"{where}: {cells[row]!r} is not a time: {_WRITE}, or say its format with --date-format"
    )


def _number(cell: str) -> float | None:
    try:
        value = float(cell.replace(",", ".") if cell.count(",") == 1 else cell)
    except ValueError:
        return None
    return value if isfinite(value) and "_" not in cell else None  # float("1_0") is 10.0


def _numbers(column: _TimeColumn) -> Times:
    known = _parse(column, _number)
    values = np.array([known[cell] for cell in column.cells], dtype=np.float64)
    unit = read_name(column.name).unit
    where = f"{column.sheet.path}: column {column.name}"
    if unit in UNITS:
        numbers = convert_unit(values, str(unit))
    else:
        numbers = read_numbers(column.cells, values, lambda v: _median_step(v, column.keys), where)
        _refuse_mixed(column, numbers)
    return _finish(column, numbers)


def _refuse_mixed(column: _TimeColumn, numbers: Numbers) -> None:
    # A count since the start is no time since 1970 in another unit.
    large = np.abs(numbers.seconds) > 1e11
    if numbers.since_start and large.any():
        row = int(np.argmax(large))
        other = int(np.argmin(large))
        raise InputError(
            f"{column.place(row)}: {column.cells[row]} and {column.cells[other]} mix units: "
            "write every time in seconds, or every time in ISO 8601"
        )


def _median_step(values: Floats, keys: list[object]) -> float:
    steps = steps_of(values, keys)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else 0.0


def _finish(column: _TimeColumn, numbers: Numbers) -> Times:
    if not numbers.is_local:
        _refuse_far(column, numbers.seconds)
        zone = "no clock" if numbers.since_start else "UTC"
        return Times(numbers.seconds, numbers.format, zone, numbers.since_start)
    return _local(column, numbers.seconds, numbers.format, column.choices.tz)


def _refuse_far(column: _TimeColumn, seconds: Floats) -> None:
    # A date has a year from 1 to 9998; a day is left for the zone.
    far = ~((seconds > _FIRST_S) & (seconds < _LAST_S))
    if far.any():
        row = int(np.argmax(far))
        raise InputError(
            f"{column.place(row)}: {column.sheet.cells(column.column)[row]} is not in the years 1 "
            "to 9998: say the unit or the format with --date-format"
        )


def _local(column: _TimeColumn, local_s: Floats, name: str, tz: str | None) -> Times:
    _refuse_far(column, local_s)
    tz = tz or zone_of_name(column.name)
    short = ambiguous_zone(column.name)
    if tz is None and short:
        raise InputError(
            f"{column.sheet.header_place}: column {column.name}: {short} is the name of several "
            "zones: say which with --tz, such as Asia/Kolkata or +05:30"
        )
    if tz is None:
        return Times(local_s, name, "taken as UTC: the file names no zone, --tz does", False, True)
    zone = find_zone(tz)
    return Times(
        local_to_utc(column.sheet, column.column, local_s, column.keys, zone), name, str(zone)
    )


def spread_minutes(times: Times, keys: list[object]) -> Times:
    """Return times of whole minutes with several readings each spread evenly over their minutes.

    Only where a fifth of the rows have the minute of the row before, and most minutes follow each
    other: a logger that writes no seconds. Everything else stays as it is.
    """
    time_s = times.time_s
    if times.since_start or (time_s % 60 != 0).any():
        return times
    steps = steps_of(time_s, keys)
    n = int((steps == 0).sum())
    steps = steps[steps > 0]
    if n < _MINUTES_SHARE * len(time_s) or n < 2 or not len(steps) or np.median(steps) != 60:
        return times
    spread = time_s.copy()
    for rows in rows_by_key(keys):
        starts = np.flatnonzero(np.diff(time_s[rows], prepend=-1.0) != 0)
        for part in np.split(rows, starts[1:]):
            spread[part] += 60.0 * np.arange(len(part)) / len(part)
    note = "the times have no seconds: readings of one minute are spread over it"
    return replace(times, time_s=spread, notes=(note,))


def _clocks(column: _TimeColumn) -> Times:
    # Times of day without a date: where they go back, a day has passed.
    known = _parse(column, parse_clock, "is not a time of day, unlike the rows above")
    values = np.array([known[cell] for cell in column.cells], dtype=np.float64)
    for rows in rows_by_key(column.keys):
        back = np.diff(values[rows]) < -_DAY_S / 2
        values[rows] += _DAY_S * np.concatenate([[0], np.cumsum(back)])
    return Times(values, "time of day without a date", "no clock", True)


def _by_format(column: _TimeColumn, date_format: str) -> Times:
    if date_format in UNITS:
        also = f"is not a number, as --date-format {date_format} says"
        known = _parse(column, _number, also)
        values = np.array([known[cell] for cell in column.cells], dtype=np.float64)
        return _finish(column, convert_unit(values, date_format))
    if date_format == "iso":
        return _texts(column)
    if date_format in _ORDERS:
        order = _ORDERS[date_format]
        also = f"is no date in the order of --date-format {date_format}"
        dates = _parse(column, lambda cell: _in_order(cell, order), also)
        return _moments(column, dates, order, order)
    if "%" not in date_format:
        raise InputError(
            f"--date-format {date_format}: write a format such as '%d.%m.%Y %H:%M', or one of "
            f"{', '.join((*_ORDERS, 'iso', *UNITS))}"
        )
    also = f"does not fit --date-format {date_format!r}"
    moments = _parse(column, lambda cell: parse_format(cell, date_format), also)
    return _moments(column, moments, None, date_format)


def _in_order(cell: str, order: str) -> Moment | None:
    moment = parse_text(cell)
    return None if moment is None or order not in (moment.by_order or (order,)) else moment


def _texts(column: _TimeColumn) -> Times:
    moments = _parse(column, parse_text)
    orders = _orders(moments)
    stated = order_of_name(column.name)
    if stated in orders:
        orders = [stated]
    if len(orders) > 1:
        orders = _plausible_orders(column, moments, orders)
    if len(orders) > 1:
        names = " or ".join(orders)
        ask = " or ".join(f"--date-format {word}" for word, o in _ORDERS.items() if o in orders)
        raise InputError(
            f"{column.place(0)}: {column.cells[0]} can be {names}, and no row decides: say {ask}"
        )
    if any(m.by_order for m in moments.values()) and not orders:
        raise InputError(
            f"{column.place(0)}: days and months are not in the same order in all rows: {_WRITE}"
        )
    order = orders[0] if orders else None
    is_iso = all(m.is_iso for m in moments.values())
    name = order or ("ISO 8601" if is_iso else "date and time")
    return _moments(column, moments, order, name)


def _orders(moments: dict[str, Moment]) -> list[str]:
    # the orders that every date in figures can have
    found = [m.by_order for m in moments.values() if m.by_order]
    return [o for o in (found[0] if found else ()) if all(o in by_order for by_order in found)]


def _plausible_orders(
    column: _TimeColumn, moments: dict[str, Moment], orders: list[str]
) -> list[str]:
    # Time goes forward in a log.
    scores = {}
    values = {}
    for order in orders:
        values[order] = np.array([_seconds(moments[cell], order) for cell in column.cells])
        steps = steps_of(values[order], column.keys)
        scores[order] = int((steps < 0).sum())
    best = min(scores.values())
    plausible = [order for order in orders if scores[order] == best]
    first = values[plausible[0]]
    is_same = all((values[order] == first).all() for order in plausible)
    return plausible[:1] if is_same else plausible


def _seconds(moment: Moment, order: str | None) -> float:
    return moment.by_order[order] if moment.by_order and order else moment.seconds


def _moments(
    column: _TimeColumn, moments: dict[str, Moment], order: str | None, name: str
) -> Times:
    rows = [moments[cell] for cell in column.cells]
    values = np.array([_seconds(m, order) for m in rows])
    zoned = np.array([m.offset_s is not None or m.zone is not None for m in rows])
    short = next((m.abbreviation for m in rows if m.abbreviation), None)
    if short and not column.choices.tz:
        raise InputError(
            f"{column.place(0)}: {column.cells[0]}: {short} is the name of several zones, or "
            "none: say which with --tz, such as Asia/Kolkata or +05:30"
        )
    if not zoned.any():
        return _local(column, values, name, column.choices.tz)
    is_mixed = not zoned.all()
    if is_mixed and column.choices.tz:
        row = int(np.argmax(zoned))
        raise InputError(
            f"{column.place(row)}: {column.cells[row]} has a zone of its own: leave --tz out, or "
            "write a zone at every time"
        )
    zones = {m.zone for m in rows} - {None}
    if len(zones) == 1 and all(m.zone for m in rows):
        return _local(column, values, name, zones.pop())
    if zones:
        raise InputError(f"{column.sheet.path}: times of several zones: write them in UTC")
    zone_name = "as written" + ", UTC where none is" * is_mixed
    return Times(values - np.array([m.offset_s or 0.0 for m in rows]), name, zone_name)
