"""The log: temperature and humidity over time, one or more nodes, with or without labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike, fspath

import numpy as np
from numpy.typing import NDArray

from edgewise.logs.cells import HUMIDITY, TEMPERATURE, read_times, read_values, tenths
from edgewise.logs.columns import find_columns
from edgewise.logs.order import check_order, check_unit, period_of, series_of
from edgewise.logs.text import Sheet, read_sheet

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
    ``period_ms``: median step within a node, rounded to 100 ms, 0 when no node has two readings.
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
) -> Log:
    """Read a log in the CSV form of the contract, gzipped or not.

    ``label``, ``group`` and ``split`` name the columns of the class, of the node and of the part
    (train, test ...). Time must grow within each node; with ``split``, within each part of a node.
    ``extra`` has the split column under the name ``split``, even if it is also another column.
    Raises InputError: one line with the file, the line or column, and the cure.
    """
    sheet = read_sheet(fspath(path))
    columns = find_columns(sheet, label, group, split)
    time_s = read_times(sheet, columns.time)
    celsius = read_values(sheet, columns.temperature, TEMPERATURE)
    percent = read_values(sheet, columns.humidity, HUMIDITY)
    node = _strings(sheet.texts(columns.node) if columns.node is not None else [""] * len(time_s))
    parts = sheet.texts(columns.split) if columns.split is not None else [""] * len(time_s)
    check_order(sheet, columns.time, time_s, list(zip(node.tolist(), parts, strict=True)))
    series = series_of(node, time_s)
    check_unit(sheet, columns.temperature, celsius, series)
    valid = ~(np.isnan(celsius) | np.isnan(percent))
    labels = _labels(sheet, columns.label, is_named=label is not None)
    extra = {sheet.header[i]: _strings(sheet.texts(i)) for i in columns.others(len(sheet.header))}
    if split is not None:
        extra[split] = _strings(parts)
    return Log(
        path=sheet.path,
        time_s=time_s,
        node=node,
        t_dc=tenths(np.where(valid, celsius, 0.0)),
        h_pm=tenths(np.where(valid, percent, 0.0)),
        valid=valid,
        label=labels,
        line=np.array(sheet.line, dtype=np.int64),
        extra=extra,
        label_name=None
        if labels is None or columns.label is None
        else sheet.header[columns.label],
        period_ms=period_of(time_s, series),
    )


def _strings(cells: list[str]) -> Strings:
    return np.array(cells, dtype=object)


def _labels(sheet: Sheet, column: int | None, is_named: bool) -> Strings | None:
    # A label column counts only if the caller named it or at least one cell is filled in.
    cells = [cell or None for cell in sheet.texts(column)] if column is not None else []
    return np.array(cells, dtype=object) if is_named or any(cells) else None
