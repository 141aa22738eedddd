"""The log: temperature and humidity over time, one or more nodes, with or without labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from os import PathLike, fspath

import numpy as np
from numpy.typing import NDArray

from edgewise.logs.cells.times import Times, read_times, spread_minutes
from edgewise.logs.cells.values import Values, read_humidity, read_temperature, tenths
from edgewise.logs.choices import Choices
from edgewise.logs.columns import Columns, find_columns, is_exact
from edgewise.logs.long import is_long, widen
from edgewise.logs.order import (
    check_order,
    check_unit,
    is_newest_first,
    period_of,
    rows_by_key,
    series_of,
)
from edgewise.logs.sheets.files import read_sheet
from edgewise.logs.sheets.sheet import Sheet
from edgewise.logs.source import Source

__all__ = ["Log", "read_log"]

Strings = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Log:
    """A log of n readings in file order.

    ``time_s``: float64[n], unix seconds UTC; ``node``: str[n], "" without a node column;
    ``t_dc``: int16[n], tenths of a degree Celsius; ``h_pm``: int16[n], tenths of %RH; both 0
    where ``valid``: bool[n] is False, a failed read; ``label``: object[n] of str or None (a cell
    that is empty), None without labels; ``line``: int64[n], line in the file, from 1;
    ``extra``: the other columns, str[n] each, by their names in the header;
    ``period_ms``: median step within a node, rounded to 100 ms, 0 when no node has two readings;
    ``source``: how the file was understood.
    """

    path: str
    time_s: NDArray[np.float64]
    node: Strings
    t_dc: NDArray[np.int16]
    h_pm: NDArray[np.int16]
    valid: NDArray[np.bool_]
    label: Strings | None
    line: NDArray[np.int64]
    extra: dict[str, Strings]
    label_name: str | None
    period_ms: int
    source: Source = field(default_factory=Source)

    def __len__(self) -> int:
        return len(self.time_s)

    def series(self) -> list[NDArray[np.int64]]:
        """Return the row numbers of each series in time order; a window never spans two series."""
        return series_of(self.node, self.time_s)

    def select(self, mask: NDArray[np.bool_] | NDArray[np.int64]) -> Log:
        """Return the rows where ``mask`` (bool[n]) is true, or the rows that an int64 array lists.

        ``period_ms`` stays that of the whole log.
        """
        return replace(
            self,
            time_s=self.time_s[mask],
            node=self.node[mask],
            t_dc=self.t_dc[mask],
            h_pm=self.h_pm[mask],
            valid=self.valid[mask],
            label=None if self.label is None else self.label[mask],
            line=self.line[mask],
            extra={name: cells[mask] for name, cells in self.extra.items()},
        )


def read_log(
    path: str | PathLike[str],
    label: str | None = None,
    group: str | None = None,
    split: str | None = None,
    choices: Choices | None = None,
) -> Log:
    """Read a log as loggers write it; ``Log.source`` tells how it was understood.

    ``label``, ``group`` and ``split`` name the columns of the class, of the node and of the part
    (train, test ...); ``choices``: what else the user says. Time must grow within each node; with
    ``split``, within each part of a node. ``extra`` has the split column under the name ``split``,
    even if it is also another column.
    Raises InputError: one line with the file, the line or column, and the cure; OutsideError for
    a library that is missing.
    """
    choices = choices or Choices()
    choices = replace(
        choices,
        label=choices.label if label is None else label,
        group=choices.group if group is None else group,
        split=choices.split if split is None else split,
    )
    sheet = read_sheet(fspath(path), choices)
    written = None
    if is_long(sheet):
        sheet, choices, written = widen(sheet, choices)
    return _read(sheet, choices, written)


def _read(sheet: Sheet, choices: Choices, written: Times | None) -> Log:
    # written: the times of an export with one value a row, as the file has them
    columns = find_columns(sheet, choices)
    node, parts = _strings(_texts(sheet, columns.node)), _texts(sheet, columns.split)
    keys: list[object] = list(zip(node.tolist(), parts, strict=True))
    times = _times(sheet, columns.time, keys, choices)
    if columns.time and is_newest_first(times.time_s, keys):
        return _read(_turn_round(sheet), choices, written)
    if not _repeats_rows(sheet):
        times = spread_minutes(times, keys)
    temperature = read_temperature(sheet, columns.temperature, choices)
    humidity = read_humidity(sheet, columns.humidity, choices)
    if columns.time:
        check_order(sheet, columns.time, times.time_s, keys, times.is_local)
    series = series_of(node, times.time_s)
    if choices.unit is None:
        check_unit(sheet, columns.temperature, temperature.values, series)
    valid = ~(np.isnan(temperature.values) | np.isnan(humidity.values))
    labels = _labels(sheet, columns.label, is_named=choices.label is not None)
    others = columns.list_others(len(sheet.header))
    extra = {sheet.header[i]: _strings(sheet.texts(i)) for i in others}
    if choices.split is not None:
        extra[choices.split] = _strings(parts)
    if labels is None:
        columns = replace(columns, label=None)
    source = _source(sheet, columns, written or times, temperature, humidity, choices)
    return Log(
        path=sheet.path,
        time_s=times.time_s,
        node=node,
        t_dc=tenths(np.where(valid, temperature.values, 0.0)),
        h_pm=tenths(np.where(valid, humidity.values, 0.0)),
        valid=valid,
        label=labels,
        line=np.array(sheet.line, dtype=np.int64),
        extra=extra,
        label_name=None if columns.label is None else sheet.header[columns.label],
        period_ms=period_of(times.time_s, series),
        source=source,
    )


def _texts(sheet: Sheet, column: int | None) -> list[str]:
    return [""] * len(sheet.rows) if column is None else sheet.texts(column)


def _turn_round(sheet: Sheet) -> Sheet:
    notes = (*sheet.notes, "the newest rows came first")
    return replace(sheet, rows=sheet.rows[::-1], line=sheet.line[::-1], notes=notes)


def _repeats_rows(sheet: Sheet) -> bool:
    # whether rows stand there twice, as no logger of one minute would write them
    same = sum(a == b for a, b in pairwise(sheet.rows))
    return 4 * same > len(sheet.rows)


def _times(sheet: Sheet, columns: tuple[int, ...], keys: list[object], choices: Choices) -> Times:
    if columns:
        return read_times(sheet, columns, keys, choices)
    period_s = choices.period_s or 0.0
    time_s = np.zeros(len(sheet.rows))
    for rows in rows_by_key(keys):
        time_s[rows] = period_s * np.arange(len(rows))
    return Times(time_s, f"none: a row every {period_s:g} s", "no clock", since_start=True)


def _source(
    sheet: Sheet,
    columns: Columns,
    times: Times,
    temperature: Values,
    humidity: Values,
    choices: Choices,
) -> Source:
    roles = {
        "time": columns.time,
        "temperature": (columns.temperature,),
        "humidity": (columns.humidity,),
        "node": () if columns.node is None else (columns.node,),
        "label": () if columns.label is None else (columns.label,),
    }
    return Source(
        form=sheet.form,
        encoding=sheet.encoding,
        separator=sheet.separator,
        decimal=temperature.decimal or humidity.decimal or ".",
        columns={
            role: sheet.names.get(role) or " + ".join(sheet.header[i] for i in indices)
            for role, indices in roles.items()
            if indices
        },
        is_guessed=not is_exact(sheet, columns),
        time_format=times.format,
        zone=times.zone,
        unit=temperature.unit,
        humidity_unit=humidity.unit,
        since_start=times.since_start,
        notes=(*sheet.notes, *columns.notes, *times.notes),
    )


def _strings(cells: list[str]) -> Strings:
    return np.array(cells, dtype=object)


def _labels(sheet: Sheet, column: int | None, is_named: bool) -> Strings | None:
    # A label column counts only if the caller named it or at least one cell is filled in.
    cells = [cell or None for cell in sheet.texts(column)] if column is not None else []
    return np.array(cells, dtype=object) if is_named or any(cells) else None
