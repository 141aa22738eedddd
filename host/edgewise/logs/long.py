"""Exports with one value a row, as Home Assistant writes them: a row for each reading instead."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logs.cells.times import Times, read_times
from edgewise.logs.cells.values import MISSING
from edgewise.logs.choices import Choices
from edgewise.logs.columns import NODE_NAMES, find_named, find_times
from edgewise.logs.names import HUMIDITY, TEMPERATURE, read_name
from edgewise.logs.sheets.sheet import Sheet
from edgewise.times import iso

__all__ = ["HOLD_S", "is_long", "widen"]

Floats = NDArray[np.float64]

HOLD_S = 3600.0  # a value that did not change for longer is unknown
_PAIR_S = 5.0  # two sensors of one part report within it
_PAIRED_SHARE = 0.9
_GRID_MAX = 5_000_000
_PERIODS_S = (5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
_SERIES = (
    "entity_id",
    "statistic_id",
    "entity",
    "_field",
    "field",
    "metric",
    "series",
    "sensor",
    "name",
    "topic",
    "variable",
    "_measurement",
    "measurement",
    "parameter",
    "quantity",
    "type",
    "key",
    "channel",
)
_VALUES = ("state", "_value", "value", "mean", "val", "reading", "payload", "data")
_TAGS = (*NODE_NAMES, "room", "location", "host", "station", "area", "topic", "place")


@dataclass(frozen=True)
class _Series:
    # rows of the sheet in the order of time, their times and cells
    name: str
    rows: NDArray[np.int64]
    time_s: Floats
    cells: list[str]


def is_long(sheet: Sheet) -> bool:
    """Return whether each row holds the name of a quantity and one value."""
    columns = _columns(sheet)
    if columns is None:
        return False
    if {TEMPERATURE, HUMIDITY} & {read_name(name).role for name in sheet.header}:
        return False
    found = {read_name(name).role for name in set(sheet.cells(columns[0]))}
    return bool({TEMPERATURE, HUMIDITY} & found)


def _columns(sheet: Sheet) -> tuple[int, int] | None:
    names = [name.casefold() for name in sheet.header]
    series = next((names.index(n) for n in _SERIES if n in names), None)
    value = next((names.index(n) for n in _VALUES if n in names), None)
    return None if series is None or value is None or series == value else (series, value)


def widen(sheet: Sheet, choices: Choices) -> tuple[Sheet, Choices, Times]:
    """Return the sheet with a row for each reading, and what is left to choose of it.

    Where both values come together in 90 % of the rows, each pair is a reading, and a value that
    is missing is the one before. Else the values are held: a reading every period, for at most
    HOLD_S seconds after the last change; then there is a gap. Raises InputError.
    """
    series_column, value_column = _columns(sheet) or (0, 0)
    names = sheet.texts(series_column)
    tags = _tags(sheet, choices.group)
    keys: list[object] = list(zip(names, tags, strict=True))
    time_columns = find_times(sheet, replace(choices, period_s=None))
    times = read_times(sheet, time_columns, keys, choices)
    cells = sheet.cells(value_column)
    all_series = {
        key: _series(key[0], rows, times.time_s, cells) for key, rows in _rows_of(keys).items()
    }
    pairs = _pairs(sheet, all_series, choices)
    label = _label(sheet, all_series, choices)
    rows, at, notes = _rows(pairs, label, choices.period_s or _usual_period(pairs))
    if not rows:
        raise InputError(f"{sheet.path}: temperature and humidity never have a value together")
    used = [0, *([1] if len(pairs) > 1 else []), 2, 3, *([4] if label else [])]
    header = ["time", "node", TEMPERATURE, HUMIDITY, choices.label or "status"]
    wide = Sheet(
        sheet.path,
        [header[i] for i in used],
        sheet.header_line,
        [[row[i] for i in used] for row in rows],
        [int(sheet.line[i]) for i in at],
        _form(sheet),
        sheet.encoding,
        sheet.separator,
        sheet.unit or _unit(pairs),
        _names(sheet, time_columns, pairs, label),
        (*sheet.notes, *dict.fromkeys(notes), *_left_out(all_series, pairs, label)),
    )
    return wide, _drop_used(choices), times


def _rows(
    pairs: dict[str, tuple[_Series, _Series]], label: _Series | None, period_s: float
) -> tuple[list[list[str]], list[int], list[str]]:
    # The readings of all nodes as cells, the row of the sheet of each, and notes.
    rows, at, notes = [], [], []
    for node, (temperature, humidity) in sorted(pairs.items()):
        readings, note = _readings(temperature, humidity, period_s)
        notes.append(note)
        for time_s, t, h in readings:
            rows.append([iso(time_s), node, t, h, _label_at(label, time_s)])
            at.append(_row_at(temperature, time_s))
    return rows, at, notes


def _drop_used(choices: Choices) -> Choices:
    return replace(
        choices,
        time=None,
        temperature=None,
        humidity=None,
        group=None,
        date_format=None,
        tz=None,
        period_s=None,
    )


def _names(
    sheet: Sheet,
    time_columns: tuple[int, ...],
    pairs: dict[str, tuple[_Series, _Series]],
    label: _Series | None,
) -> dict[str, str]:
    names = {
        "time": " + ".join(sheet.header[i] for i in time_columns),
        TEMPERATURE: ", ".join(temperature.name for temperature, _ in pairs.values()),
        HUMIDITY: ", ".join(humidity.name for _, humidity in pairs.values()),
    }
    return names | ({"label": label.name} if label else {})


def _tags(sheet: Sheet, group: str | None) -> list[str]:
    # what tells nodes apart, a text for each row
    if group is not None:
        return sheet.texts(find_named(sheet, "--group", group))
    columns = [sheet.texts(i) for i, n in enumerate(sheet.header) if n.casefold() in _TAGS]
    varying = [cells for cells in columns if len(set(cells)) > 1]
    return [" ".join(row) for row in zip(*varying, strict=True)] or [""] * len(sheet.rows)


def _form(sheet: Sheet) -> str:
    names = {name.casefold() for name in sheet.header}
    if {"entity_id", "state"} <= names:
        return "Home Assistant history"
    if "statistic_id" in names:
        return "Home Assistant statistics"
    return sheet.form if sheet.form != "CSV" else "one value a row"


def _rows_of(keys: list[object]) -> dict[tuple[str, str], list[int]]:
    rows: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(keys):
        rows.setdefault(key, []).append(i)  # type: ignore[arg-type]
    return rows


def _series(name: str, rows: list[int], time_s: Floats, cells: list[str]) -> _Series:
    at = np.array(rows, dtype=np.int64)
    at = at[np.argsort(time_s[at], kind="stable")]
    at = at[np.append(np.diff(time_s[at]) > 0, True)]  # of one time the last value counts
    return _Series(name, at, time_s[at], [cells[i] for i in at.tolist()])


def _pairs(
    sheet: Sheet, all_series: dict[tuple[str, str], _Series], choices: Choices
) -> dict[str, tuple[_Series, _Series]]:
    # node -> its temperature and its humidity
    where = sheet.header_place
    found: dict[str, dict[str, _Series]] = {TEMPERATURE: {}, HUMIDITY: {}}
    for (name, tag), series in all_series.items():
        for role, choice in ((TEMPERATURE, choices.temperature), (HUMIDITY, choices.humidity)):
            is_given = choice is not None and choice.casefold() == name.casefold()
            if not is_given and (choice is not None or read_name(name).role != role):
                continue
            rest = "" if is_given else read_name(name).rest
            node = " ".join(dict.fromkeys(word for word in (tag, rest) if word))
            if node in found[role]:
                raise InputError(
                    f"{where}: {found[role][node].name} and {name} look like the {role}: choose "
                    f"with --{role} {name}"
                )
            found[role][node] = series
    t, h = found[TEMPERATURE], found[HUMIDITY]
    nodes = t.keys() & h.keys()
    if not nodes and len(t) == len(h) == 1:
        return {"": (next(iter(t.values())), next(iter(h.values())))}
    if not nodes:
        names = ", ".join(sorted({name for name, _ in all_series}))
        raise InputError(
            f"{where}: no temperature and humidity that belong together: choose with "
            f"--temperature NAME --humidity NAME; names found: {names}"
        )
    return {node: (t[node], h[node]) for node in nodes}


def _label(
    sheet: Sheet, all_series: dict[tuple[str, str], _Series], choices: Choices
) -> _Series | None:
    if choices.label is None:
        return None
    found = [
        s for (name, _), s in all_series.items() if name.casefold() == choices.label.casefold()
    ]
    if len(found) > 1:
        raise InputError(
            f"{sheet.header_place}: {len(found)} series are named {choices.label}: import one "
            "room at a time"
        )
    if found:
        return found[0]
    names = ", ".join(sorted({name for name, _ in all_series}))
    raise InputError(
        f"{sheet.header_place}: no series {choices.label}: name one with --label; found: {names}"
    )


def _left_out(
    all_series: dict[tuple[str, str], _Series],
    pairs: dict[str, tuple[_Series, _Series]],
    label: _Series | None,
) -> list[str]:
    used = {id(series) for pair in pairs.values() for series in pair} | {id(label)}
    names = [s.name for s in all_series.values() if id(s) not in used]
    return [f"left out: {', '.join(dict.fromkeys(names))}"] if names else []


def _unit(pairs: dict[str, tuple[_Series, _Series]]) -> str | None:
    units = {read_name(temperature.name).unit for temperature, _ in pairs.values()}
    return units.pop() if len(units) == 1 else None


def _usual_period(pairs: dict[str, tuple[_Series, _Series]]) -> float:
    # the longest usual period that is no longer than the median time between two rows
    steps = np.concatenate([np.diff(s.time_s) for pair in pairs.values() for s in pair])
    median = float(np.median(steps)) if len(steps) else 60.0
    return float(max((p for p in _PERIODS_S if p <= median * 1.1), default=_PERIODS_S[0]))


def _readings(
    temperature: _Series, humidity: _Series, period_s: float
) -> tuple[list[tuple[float, str, str]], str]:
    partner = _partners(temperature, humidity)
    n = sum(i is not None for i in partner)
    if n >= _PAIRED_SHARE * max(len(temperature.rows), len(humidity.rows)):
        readings = _join_pairs(temperature, humidity, partner)
        return readings, "values that come together are a reading"
    start = max(temperature.time_s[0], humidity.time_s[0])
    end = max(temperature.time_s[-1], humidity.time_s[-1])
    first = float(np.ceil(start / period_s) * period_s)
    if (end - first) / period_s > _GRID_MAX:
        raise InputError(
            f"{temperature.name}: {iso(start)} to {iso(end)} every {period_s:g} s is too "
            "much: correct the times, or say a longer --period"
        )
    beats = np.arange(int((end - first) // period_s) + 1, dtype=np.float64)
    grid: Floats = first + period_s * beats
    sides = (_hold(temperature, grid), _hold(humidity, grid))
    readings = [
        (time_s, t, h)
        for time_s, t, h in zip(grid.tolist(), *sides, strict=True)
        if not {t.casefold(), h.casefold()} & MISSING
    ]
    return readings, (
        f"only changes: the last value, at most {HOLD_S / 60:g} min old, every {period_s:g} s"
    )


def _partners(temperature: _Series, humidity: _Series) -> list[int | None]:
    # for each temperature the humidity that came with it; each is used once
    partner: list[int | None] = []
    free = 0
    for time_s in temperature.time_s.tolist():
        at = int(np.searchsorted(humidity.time_s, time_s - _PAIR_S))
        at = max(at, free)
        near = at < len(humidity.rows) and abs(humidity.time_s[at] - time_s) <= _PAIR_S
        partner.append(at if near else None)
        free = at + 1 if near else free
    return partner


def _join_pairs(
    temperature: _Series, humidity: _Series, partner: list[int | None]
) -> list[tuple[float, str, str]]:
    readings = [
        (time_s, cell, humidity.cells[at] if at is not None else _last_value(humidity, time_s))
        for time_s, cell, at in zip(
            temperature.time_s.tolist(), temperature.cells, partner, strict=True
        )
    ]
    alone = sorted(set(range(len(humidity.rows))) - {at for at in partner if at is not None})
    for at in alone:
        time_s = float(humidity.time_s[at])
        readings.append((time_s, _last_value(temperature, time_s), humidity.cells[at]))
    return sorted(readings)


def _row_at(series: _Series, time_s: float) -> int:
    at = int(np.searchsorted(series.time_s, time_s, "right")) - 1
    return int(series.rows[max(at, 0)])


def _last_value(series: _Series, time_s: float) -> str:
    at = int(np.searchsorted(series.time_s, time_s, "right")) - 1
    return series.cells[at] if at >= 0 and time_s - series.time_s[at] <= HOLD_S else ""


def _hold(series: _Series, grid: Floats) -> list[str]:
    return [_last_value(series, time_s) for time_s in grid.tolist()]


def _label_at(label: _Series | None, time_s: float) -> str:
    # a state lasts until the next one
    if label is None:
        return ""
    at = int(np.searchsorted(label.time_s, time_s, "right")) - 1
    cell = label.cells[at] if at >= 0 else ""
    return "" if cell.casefold() in MISSING else cell
