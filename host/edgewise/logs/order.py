"""Split the rows of a log into series: readings of one node, each later than the one before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.sheets.sheet import Sheet

__all__ = [
    "check_order",
    "check_unit",
    "is_newest_first",
    "period_of",
    "rows_by_key",
    "series_of",
    "steps_of",
]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

_SIDE_ROWS = 5  # readings on each side of a change of unit
_MISFIT_MAX_C = 1.5
_JUMP_C = 15.0
_BACK_SHARE = 0.95


def series_of(node: NDArray[np.object_], time_s: Floats) -> list[Rows]:
    """Return the row numbers of each series, nodes in order of appearance.

    Where the time of a node goes back or stands still, a new series begins. That happens between
    the parts of a log that was read with a split column.
    """
    series = []
    for rows in rows_by_key(node.tolist()):
        back = np.flatnonzero(np.diff(time_s[rows]) <= 0) + 1
        series.extend(np.split(rows, back))
    return series


def rows_by_key(keys: Sequence[object]) -> list[Rows]:
    """Return the row numbers of each key, keys in order of appearance."""
    numbers: dict[object, int] = {}
    codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    order = np.argsort(codes, kind="stable").astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []


def steps_of(values: Floats, keys: Sequence[object]) -> Floats:
    """Return the differences from row to row within each key, one after the other."""
    return np.concatenate([np.diff(values[rows]) for rows in rows_by_key(keys)])


def is_newest_first(time_s: Floats, keys: Sequence[object]) -> bool:
    """Return whether nearly all rows are earlier than the row before them."""
    steps = steps_of(time_s, keys)
    return len(steps) > 1 and int((steps < 0).sum()) >= _BACK_SHARE * len(steps)


def check_order(
    sheet: Sheet,
    columns: tuple[int, ...],
    time_s: Floats,
    keys: Sequence[object],
    is_local: bool = False,
) -> None:
    """Raise InputError for the first row that is not later than the row before it of its key.

    ``columns``: of the time; ``is_local``: the file names no zone, so that summer time may be the
    reason.
    """
    first: tuple[int, int] | None = None
    for rows in rows_by_key(keys):
        back = np.flatnonzero(np.diff(time_s[rows]) <= 0)
        if len(back):
            pair = int(rows[back[0] + 1]), int(rows[back[0]])
            first = min(first, pair) if first else pair
    if first is None:
        return
    row, before = first
    column, cell = columns[0], sheet.join_columns(columns)[row]
    if is_local and _is_end_of_summer_time(time_s, row, before):
        raise InputError(
            f"{sheet.place(row, column)}: {cell} is earlier than line "
            f"{sheet.line[before]}: looks like the end of summer time: say the zone with --tz "
            "Europe/Berlin or another (do not sort the rows)"
        )
    same = time_s[row] == time_s[before]
    fault = "the same time as" if same else "earlier than"
    cure = "remove one of the two rows" if same else "sort the rows by time"
    raise InputError(
        f"{sheet.place(row, column)}: {cell} is {fault} "
        f"line {sheet.line[before]}: {cure}, or name the column that tells nodes apart "
        "with --group"
    )


def _is_end_of_summer_time(time_s: Floats, row: int, before: int) -> bool:
    # back by up to an hour in a night from Saturday to Sunday, in a month in which it ends
    # somewhere; a log with a reading an hour has one time twice
    back_s = float(time_s[before] - time_s[row])
    clock = datetime.fromtimestamp(float(time_s[row]), UTC)
    steps = np.diff(time_s)
    least_s = (
        0.0 if float(np.median(steps[steps > 0] if (steps > 0).any() else [0])) >= 1800 else 1.0
    )
    return (
        least_s <= back_s <= 3600
        and clock.weekday() == 6
        and clock.hour < 4
        and clock.month in (3, 4, 9, 10, 11)
    )


def check_unit(sheet: Sheet, column: int, celsius: Floats, series: list[Rows]) -> None:
    """Raise InputError where a series changes for good between Celsius and Fahrenheit.

    For good means: one step separates all low readings from all high ones, and the medians of 5
    readings on each side fit F = 1.8 C + 32 within 1.5 degrees. A fault that ends is no change
    of unit: a bias in the injected-faults log fits the formula by chance.
    """
    for series_rows in series:
        rows = series_rows[~np.isnan(celsius[series_rows])]
        i = _unit_change(celsius[rows])
        if i:
            step = " to ".join(f"{celsius[row]:g}" for row in rows[i - 1 : i + 1])
            raise InputError(
                f"{sheet.place(int(rows[i]), column)}: mixed units, {step} looks like a change "
                "between Celsius and Fahrenheit: convert all rows to Celsius"
            )


def _unit_change(t: Floats) -> int:
    # Returns the index of the first reading in the other unit; 0 for no change.
    if len(t) < 2 * _SIDE_ROWS:
        return 0
    i = int(np.argmax(np.abs(np.diff(t)))) + 1
    low, high = (t[:i], t[i:]) if t[i] > t[i - 1] else (t[i:], t[:i])
    if abs(t[i] - t[i - 1]) < _JUMP_C or low.max() >= high.min():
        return 0
    before, after = float(np.median(t[:i][-_SIDE_ROWS:])), float(np.median(t[i:][:_SIDE_ROWS]))
    misfit = max(before, after) - (min(before, after) * 1.8 + 32)
    return i if abs(misfit) < _MISFIT_MAX_C and min(len(low), len(high)) >= _SIDE_ROWS else 0


def period_of(time_s: Floats, series: list[Rows]) -> int:
    """Return the median step within the series in ms, rounded to 100 ms, at least 100.

    Returns 0 without a step.
    """
    steps = np.concatenate([np.diff(time_s[rows]) for rows in series] or [np.zeros(0)])
    if not len(steps):
        return 0
    return max(100, int(np.floor(float(np.median(steps)) * 10 + 0.5)) * 100)
