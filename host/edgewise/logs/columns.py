"""Find the columns of a log: by what the user says, else by their names."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from difflib import get_close_matches

from edgewise.errors import InputError
from edgewise.logs.cells.dates import is_zone, parse_clock, parse_text
from edgewise.logs.cells.values import MISSING
from edgewise.logs.choices import Choices
from edgewise.logs.names import HUMIDITY, TEMPERATURE, TIME, read_name
from edgewise.logs.sheets.delimited import is_number
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["NODE_NAMES", "Columns", "find_columns", "find_named", "find_times", "is_exact"]

_EXACT = {
    TIME: ("time", "timestamp", "date", "s"),
    TEMPERATURE: ("temperature", "temp", "temp_c"),
    HUMIDITY: ("humidity", "hum", "rh"),
}
_OPTIONS = {TIME: "--time", TEMPERATURE: "--temperature", HUMIDITY: "--humidity"}
NODE_NAMES = ("node", "device", "mote", "node_id", "device_id", "sensor_id")
# They tell nodes apart where they have several names and each name has several rows.
_LIKELY_NODES = (
    *("room", "location", "station", "place", "area", "sensor", "sensor_name", "device_name"),
    *("name", "host", "topic", "mac", "address", "id", "source", "entity", "channel"),
)
_ZONES = ("tz", "timezone", "time_zone", "zone", "utc_offset")
_LABEL = ("status", "device_status", "label")
_ROWS_OF_A_NODE = 3
_MIDNIGHTS = 50
_FIELDS = ("field1", "field2", "field3", "field4", "field5", "field6", "field7", "field8")


@dataclass(frozen=True)
class Columns:
    """The indices of the columns in the header; None for a column that is missing. ``time``:
    none, one, or those of the date, of the time of day and of the zone."""

    time: tuple[int, ...]
    temperature: int
    humidity: int
    node: int | None
    label: int | None
    split: int | None
    notes: tuple[str, ...] = ()

    def list_others(self, width: int) -> list[int]:
        """Return the indices of all other columns."""
        own = (*self.time, self.temperature, self.humidity, self.node, self.label, self.split)
        return [i for i in range(width) if i not in own]


def find_columns(sheet: Sheet, choices: Choices) -> Columns:
    """Find the columns, ignoring case. Raises InputError with the columns of the log.

    Without --label or --group a log may have several label or node columns: the first in the
    order of the contract is used.
    """
    names = [name.casefold() for name in sheet.header]
    named = {
        TEMPERATURE: _find_option(sheet, "--temperature", choices.temperature),
        HUMIDITY: _find_option(sheet, "--humidity", choices.humidity),
    }
    time = find_times(sheet, choices)
    temperature, humidity, notes = _quantities(sheet, named, time)
    used = {**dict.fromkeys(time, TIME), temperature: TEMPERATURE, humidity: HUMIDITY}
    if temperature == humidity or {temperature, humidity} & set(time):
        raise InputError(
            f"{sheet.header_place}: one column is named for two quantities: correct "
            "--time, --temperature or --humidity"
        )
    indices = []
    options = (("--label", choices.label), ("--group", choices.group))
    for option, column in (*options, ("--split-col", choices.split)):
        index = None if column is None else find_named(sheet, option, column)
        if index in used:
            raise InputError(
                f"{sheet.header_place}: {option} {column} is the {used[index]} "
                f"column: name another with {option}; columns: {_list_names(sheet)}"
            )
        indices.append(index)
    label, node, split = indices
    return Columns(
        time,
        temperature,
        humidity,
        node if choices.group is not None else _find_node(sheet, names, (*used, label)),
        label if choices.label is not None else _first(names, _LABEL, (node,)),
        split,
        notes,
    )


def _find_node(sheet: Sheet, names: list[str], used: tuple[int | None, ...]) -> int | None:
    names = [name.replace(" ", "_") for name in names]
    exact = _first(names, NODE_NAMES, used)
    if exact is not None:
        return exact
    for name in _LIKELY_NODES:
        index = _first(names, (name,), used)
        if index is None:
            continue
        cells = sheet.cells(index)
        if "" not in cells and 1 < len(set(cells)) <= len(cells) / _ROWS_OF_A_NODE:
            return index
    return None


def is_exact(sheet: Sheet, columns: Columns) -> bool:
    """Return whether the columns have the names of the contract, so that none was guessed."""
    named = ((TIME, columns.time), (TEMPERATURE, (columns.temperature,)))
    return all(
        sheet.header[i].casefold() in _EXACT[role]
        for role, indices in (*named, (HUMIDITY, (columns.humidity,)))
        for i in indices
    )


def find_times(sheet: Sheet, choices: Choices) -> tuple[int, ...]:
    """Return the column of the time, or those of the date and of the time of day.

    An empty tuple stands for a log without times that --period describes. Raises InputError.
    """
    where = sheet.header_place
    chosen = tuple(_named_times(sheet, choices.time)) or _guess_times(sheet)
    zone = _first([name.casefold().replace(" ", "_") for name in sheet.header], _ZONES)
    is_text = bool(chosen) and not is_number(sheet.first(chosen[0], MISSING))
    if is_text and zone is not None and is_zone(sheet.first(zone, MISSING)):
        chosen = (*chosen, zone)
    if choices.period_s is not None:
        if chosen:
            raise InputError(
                f"{where}: the log has a time column, {sheet.header[chosen[0]]}: leave --period "
                "out, it is for a log without times"
            )
        return ()
    if not chosen:
        raise InputError(
            f"{where}: no time column: name it with --time, or say how often a row was written, "
            f"--period 60s; columns found: {_list_names(sheet)}"
        )
    return chosen


def _guess_times(sheet: Sheet) -> tuple[int, ...]:
    indices = [i for i, n in enumerate(sheet.header) if read_name(n).role == TIME]
    kinds = {i: _time_kind(sheet, i) for i in indices}
    if len(indices) > 1:
        indices = [i for i in indices if kinds[i] != "none"]
    full = [i for i in indices if kinds[i] in ("full", "none")]
    if len(full) > 1:  # when a row was changed later is not when it was read
        full = [i for i in full if "updated" not in sheet.header[i].casefold()] or full
    dates = [i for i in indices if kinds[i] == "date"]
    clocks = [i for i in indices if kinds[i] in ("clock", "number")]
    if len(full) == 1:
        return (full[0],)
    if not full and len(dates) == 1 and len(clocks) == 1:
        return (dates[0], clocks[0])
    if not full and len(dates) + len(clocks) == 1:
        return (*dates, *clocks)
    if indices:
        names = " and ".join(sheet.header[i] for i in indices)
        raise InputError(
            f"{sheet.header_place}: columns {names} look like the time: choose with "
            "--time COLUMN, or with --time DATE,CLOCK for two"
        )
    return ()


def _time_kind(sheet: Sheet, column: int) -> str:
    # what the first cell of a column holds
    cell = sheet.first(column, MISSING)
    if is_number(cell):
        unit = read_name(sheet.header[column]).unit
        is_count = len(cell.split(".")[0]) <= 6 and unit is None and len(cell) <= 6
        return "number" if is_count else "full"
    if parse_clock(cell) is not None:
        return "clock"
    moment = parse_text(cell)
    if moment is None:
        return "none"
    return "date" if _is_midnight(sheet, column) else "full"


def _is_midnight(sheet: Sheet, column: int) -> bool:
    # A time at midnight is written like a date.
    cells = [row[column].strip() for row in sheet.rows[:_MIDNIGHTS]]
    moments = [parse_text(cell) for cell in cells if cell.casefold() not in MISSING]
    return all(m is not None and m.seconds % 86400 == 0 for m in moments)


def _quantities(
    sheet: Sheet, named: dict[str, list[int]], time: tuple[int, ...]
) -> tuple[int, int, tuple[str, ...]]:
    found = {}
    for role in (TEMPERATURE, HUMIDITY):
        found[role] = named[role] or _candidates(sheet, role)
    if not found[TEMPERATURE] and not found[HUMIDITY]:
        fields = [i for i in _fields(sheet) if i not in time]
        if len(fields) == 2:
            note = (
                f"{sheet.header[fields[0]]} is taken for the temperature, "
                f"{sheet.header[fields[1]]} for the humidity"
            )
            return fields[0], fields[1], (note,)
    for role, indices in found.items():
        if len(indices) != 1:
            raise InputError(_role_error(sheet, role, indices))
    return found[TEMPERATURE][0], found[HUMIDITY][0], ()


def _candidates(sheet: Sheet, role: str) -> list[int]:
    names = [name.casefold() for name in sheet.header]
    exact = [i for i, name in enumerate(names) if name in _EXACT[role]]
    if exact:
        return exact
    found = [i for i, name in enumerate(sheet.header) if read_name(name).role == role]
    if len(found) > 1:
        celsius = [i for i in found if read_name(sheet.header[i]).unit not in ("F", "K")]
        rests = {read_name(sheet.header[i]).rest for i in found}
        if len(celsius) == 1 and len(rests) == 1:  # the same in two units
            return celsius
    return found


def _fields(sheet: Sheet) -> list[int]:
    # ThingSpeak's columns that hold numbers
    filled = []
    for i, name in enumerate(sheet.header):
        cells = [c for c in sheet.cells(i) if c] if name.casefold() in _FIELDS else []
        if any(c.isdecimal() for cell in cells for c in cell):
            filled.append(i)
    return filled


def _role_error(sheet: Sheet, role: str, indices: list[int]) -> str:
    where = sheet.header_place
    names = [sheet.header[i] for i in indices]
    if len({name.casefold() for name in names}) < len(names):
        return f"{where}: two columns named {names[0]}: rename or remove one"
    option = _OPTIONS[role]
    if names:
        return (
            f"{where}: columns {' and '.join(names)} look like the {role}: choose with "
            f"{option} {shlex.quote(names[0])}"
        )
    return (
        f"{where}: no {role} column: name it with {option} COLUMN; "
        f"columns found: {_list_names(sheet)}"
    )


def _named_times(sheet: Sheet, time: str | None) -> list[int]:
    # one name, which may hold a comma, or two with a comma between them
    if time is None:
        return []
    if time.strip().casefold() in (name.casefold() for name in sheet.header):
        return [find_named(sheet, "--time", time)]
    return [find_named(sheet, "--time", name) for name in time.split(",")]


def _find_option(sheet: Sheet, option: str, column: str | None) -> list[int]:
    return [] if column is None else [find_named(sheet, option, column)]


def find_named(sheet: Sheet, option: str, column: str) -> int:
    """Return the index of a column that the user names. Raises InputError."""
    names = [name.casefold() for name in sheet.header]
    name = column.strip().casefold()
    where = sheet.header_place
    if name and name in names:
        if names.count(name) > 1:
            raise InputError(f"{where}: two columns named {column}: rename or remove one")
        return names.index(name)
    near = get_close_matches(name, [n for n in names if n], n=1)
    hint = f"did you mean {sheet.header[names.index(near[0])]}? " if near else ""
    raise InputError(
        f"{where}: no column {column}: {hint}name one with {option}; columns: {_list_names(sheet)}"
    )


def _list_names(sheet: Sheet) -> str:
    return ", ".join(name or "(no name)" for name in sheet.header)


def _first(
    names: list[str], known: tuple[str, ...], used: tuple[int | None, ...] = ()
) -> int | None:
    found = (names.index(name) for name in known if name in names)
    return next((index for index in found if index not in used), None)
