"""Local time as UTC: the hour that comes twice at the end of summer time is told by the order."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.order import rows_by_key
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["local_to_utc"]

Floats = NDArray[np.float64]

_QUARTER_S = 900  # no zone changes between two quarters of an hour
_GAP_PERIODS = 3
_HALF_HOUR_S = 1800


def local_to_utc(
    sheet: Sheet, column: int, local_s: Floats, keys: list[object], zone: tzinfo
) -> Floats:
    """Return unix seconds of local times (float64[n], seconds of the clock on the wall).

    ``keys``: the series of each row. Raises InputError for a time that does not exist in the
    zone, and for one of the hour that comes twice where the order does not tell which.
    """
    quarters = np.floor(local_s / _QUARTER_S).astype(np.int64)
    distinct, index = np.unique(quarters, return_inverse=True)
    first, second = (_offsets(distinct, zone, fold)[index] for fold in (0, 1))
    for row in np.flatnonzero(first < second):
        raise InputError(
            f"{sheet.place(int(row), column)}: {sheet.cells(column)[row]} does not exist in "
            f"{zone}: the clock was put forward: is --tz right?"
        )
    utc = local_s - first
    later = local_s - second
    for rows in rows_by_key(keys):
        _choose(sheet, column, rows, utc, later, zone)
    return utc


def _offsets(quarters: NDArray[np.int64], zone: tzinfo, fold: int) -> Floats:
    values = []
    for quarter in quarters.tolist():
        naive = datetime.fromtimestamp(quarter * _QUARTER_S, UTC).replace(tzinfo=None)
        offset = naive.replace(tzinfo=zone, fold=fold).utcoffset()
        values.append(offset.total_seconds() if offset else 0.0)
    return np.array(values)


def _choose(
    sheet: Sheet, column: int, rows: NDArray[np.int64], utc: Floats, later: Floats, zone: tzinfo
) -> None:
    # utc holds the first passage of the hour; the rows of the second are put to `later`.
    times = utc[rows]
    twice = later[rows] > times
    if not twice.any():
        return
    steps = np.diff(times)
    steps = steps[steps > 0]
    gap = _GAP_PERIODS * float(np.median(steps)) if len(steps) else 0.0
    edges = np.flatnonzero(np.diff(twice.astype(np.int8)))
    starts = [0, *(edges + 1).tolist()]
    for begin, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        if not twice[begin]:
            continue
        turn = _turn(times, later[rows], begin, end, gap)
        if turn is None:
            row = int(rows[begin])
            raise InputError(
                f"{sheet.place(row, column)}: {sheet.cells(column)[row]} comes twice in "
                f"{zone}, and the rows around it do not tell which: write it with an offset"
            )
        utc[rows[turn:end]] = later[rows[turn:end]]


def _turn(times: Floats, later: Floats, begin: int, end: int, gap: float) -> int | None:
    # -> the first row of begin..end that is of the second passage; end: none is
    # In a log with a reading an hour the hour stands there twice with one time.
    steps = np.diff(times)[begin : end - 1]
    is_back = steps <= 0 if gap >= _GAP_PERIODS * _HALF_HOUR_S else steps < 0
    back = (np.flatnonzero(is_back) + begin + 1).tolist()
    if back:
        turn = back[0]
        return turn if len(back) == 1 and later[turn] - times[turn - 1] <= gap else end
    follows = begin > 0 and times[begin] - times[begin - 1] <= gap
    leads = end < len(times) and times[end] - later[end - 1] <= gap
    if follows == leads:  # an hour is missing before or behind, or on both sides
        return None
    return end if follows else begin
