"""Find the columns of a log by the names of the Log CSV contract."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from edgewise.errors import InputError
from edgewise.logs.text import Sheet

__all__ = ["Columns", "find_columns"]

_TIME = ("time", "timestamp", "date", "s")
_TEMPERATURE = ("temperature", "temp", "temp_c")
_HUMIDITY = ("humidity", "hum", "rh")
_NODE = ("node", "device", "mote", "node_id", "device_id", "sensor_id")
_LABEL = ("status", "device_status", "label")
_FAHRENHEIT = ("temp_f", "temperature_f", "tempf", "fahrenheit")


@dataclass(frozen=True)
class Columns:
    """The indices of the columns in the header; None for a column that is missing."""

    time: int
    temperature: int
    humidity: int
    node: int | None
    label: int | None
    split: int | None

    def others(self, width: int) -> list[int]:
        """Return the indices of all other columns."""
        own = (self.time, self.temperature, self.humidity, self.node, self.label, self.split)
        return [i for i in range(width) if i not in own]


def find_columns(sheet: Sheet, label: str | None, group: str | None, split: str | None) -> Columns:
    """Find the columns by name, ignoring case. Raises InputError with the columns of the log.

    Without ``label`` or ``group`` a log may have several label or node columns: the first in the
    order of the contract is used.
    """
    names = [name.casefold() for name in sheet.header]
    _check_is_header(sheet, names)
    time = _required(sheet, names, "time", _TIME)
    temperature = _required(sheet, names, "temperature", _TEMPERATURE)
    humidity = _required(sheet, names, "humidity", _HUMIDITY)
    roles = {time: "time", temperature: "temperature", humidity: "humidity"}
    indices = []
    for option, column in (("--label", label), ("--group", group), ("--split-col", split)):
        index = None if column is None else _find_by_option(sheet, names, option, column)
        if index in roles:
            raise InputError(
                f"{sheet.path}:{sheet.header_line}: {option} {column} is the {roles[index]} "
                f"column: name another with {option}; columns: {_list_names(sheet)}"
            )
        indices.append(index)
    node = indices[1] if group is not None else _first(names, _NODE)
    return Columns(
        time,
        temperature,
        humidity,
        node,
        indices[0] if label is not None else _first(names, _LABEL),
        indices[2],
    )


def _list_names(sheet: Sheet) -> str:
    return ", ".join(name or "(no name)" for name in sheet.header)


def _first(names: list[str], known: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _check_is_header(sheet: Sheet, names: list[str]) -> None:
    if any(_is_number(name) for name in names):
        raise InputError(
            f"{sheet.path}:{sheet.header_line}: no header: put a first line such as "
            "time,temperature,humidity,status above the rows"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text != "nan"


def _required(sheet: Sheet, names: list[str], role: str, known: tuple[str, ...]) -> int:
    matches = [name for name in known if name in names]
    where = f"{sheet.path}:{sheet.header_line}"
    if len(matches) > 1:
        raise InputError(
            f"{where}: columns {' and '.join(matches)} both mean the {role}: rename or remove one"
        )
    if matches:
        return names.index(matches[0])
    fahrenheit = [name for name in names if name in _FAHRENHEIT]
    if role == "temperature" and fahrenheit:
        raise InputError(
            f"{where}: column {fahrenheit[0]} is in Fahrenheit: convert it to Celsius, "
            "(F - 32) / 1.8, and name it temperature"
        )
    raise InputError(
        f"{where}: no {role} column: name it {', '.join(known[:-1])} or {known[-1]}; "
        f"columns found: {_list_names(sheet)}"
    )


def _find_by_option(sheet: Sheet, names: list[str], option: str, column: str) -> int:
    name = column.strip().casefold()
    if name and name in names:
        return names.index(name)
    near = get_close_matches(name, [n for n in names if n], n=1)
    hint = f"did you mean {sheet.header[names.index(near[0])]}? " if near else ""
    raise InputError(
        f"{sheet.path}:{sheet.header_line}: no column {column}: {hint}"
        f"name one with {option}; columns: {_list_names(sheet)}"
    )
