"""Lines that a device prints: ESPHome, Tasmota, sketches for Arduino, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edgewise.logs.cells.dates import parse_clock, parse_text
from edgewise.logs.names import HUMIDITY, TEMPERATURE, TIME, read_name
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["read_lines"]

_SAMPLE_LINES = 300
_SHARE = 0.8  # of the lines tell a value: no table looks like that
_LEAST = 2
_LINE_MAX = 2000  # characters; a longer line is none of a sensor
_TOGETHER_S = 2.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DATE = r"\d{4}[-/.]\d\d[-/.]\d\d"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_STAMP = re.compile(
    rf"\s*[\[(]?\s*({_DATE}[T ,]+{_CLOCK}{_ZONE}|{_CLOCK}(?:\s*[AaPp][Mm])?)[\])]?"
)
_NUMBER = r"[-+\u2212]?\d+(?:[.,]\d+)?|nan"
_UNIT = r"(?:\s*(?:\u00b0|\u00ba|\*|deg)?\s*(?:[CFK]\b|%))?"
# ESPHome: [08:00:00][D][sensor:094]: 'Room Temperature': Sending state 21.00000 °C with ...
_ESPHOME = re.compile(
    rf"\[sensor:\d*\]: '([^']+)'(?:: Sending state| >>?) ({_NUMBER}) ?(\u00b0[CF]|%)?",
    re.IGNORECASE,
)
# Arduino: Humidity: 45.2 %  Temperature: 23.1 *C
_PAIR = re.compile(
    rf"([A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f0-9_ .]*?(?:\([^)]*\)|\[[^\]]*\])?)"
    rf"(?:\"?\s*[:=]\s*\"?|\s+(?=[-+\u2212]?\d))({_NUMBER})({_UNIT})",
    re.IGNORECASE,
)
_BAD = r"(?:fail(?:ed|ure)?|error|time(?:d )?out|nan)"
_FAILED = re.compile(
    rf"\b{_BAD}\b.*\b(?:dht|sensor|read)|\b(?:dht|sensor|read)\w*\b.*\b{_BAD}\b", re.IGNORECASE
)
_FULL_STAMP = re.compile(rf"\b({_DATE}[T ,]+{_CLOCK}{_ZONE})")
_TOPIC = re.compile(r"(\S+/\S+)\s*[=:]?\s*$")
_TOPIC_KINDS = frozenset(("tele", "stat", "SENSOR", "STATE", "STATUS", "status", "state"))


@dataclass
class _Record:
    line: int
    time: str = ""
    cells: dict[str, str] = field(default_factory=dict)


@dataclass
class _Found:
    # what a line tells of one series: role -> cell
    series: str
    cells: dict[str, str]
    time: str = ""
    unit: str | None = None


def read_lines(path: str, text: str, is_table: bool) -> Sheet | None:
    """Return the readings that the lines tell, None where the text is no such log.

    ``is_table``: the text has a header with names; then nearly every line must tell a value.
    """
    lines = [_COLOURS.sub("", line[:_LINE_MAX]) for line in re.split(r"\r\n|\r|\n", text)]
    sample = [line for line in lines if line.strip()][:_SAMPLE_LINES]
    if not sample:
        return None
    kind = next(
        (k for k in (_read_esphome, _read_json, _read_pairs) if _fits(k, sample, is_table)), None
    )
    if kind is None:
        return None
    records: list[tuple[str, _Record]] = []
    open_records: dict[str, _Record] = {}
    units: set[str] = set()
    for number, line in enumerate(lines, 1):
        stamp = _STAMP.match(line) or _FULL_STAMP.search(line)
        time = stamp[1] if stamp else ""
        every_found = kind(line)
        if not every_found:
            if _FAILED.search(line) and not open_records:
                series = records[-1][0] if records else ""
                records.append((series, _Record(number, time)))
            continue
        for found in every_found:
            units |= {found.unit} if found.unit else set()
            record = open_records.get(found.series)
            is_old = record is not None and _is_later(record.time, found.time or time)
            if record is None or is_old or record.cells.keys() & found.cells.keys():
                record = open_records[found.series] = _Record(number, found.time or time)
                records.append((found.series, record))
            record.cells |= found.cells
            if len(record.cells) == 2:
                del open_records[found.series]
    return _sheet(path, _NAMES[kind], records, units)


def _is_later(before: str, time: str) -> bool:
    # Values of one reading come within seconds.
    first, second = _seconds(before), _seconds(time)
    return first is not None and second is not None and abs(second - first) > _TOGETHER_S


def _seconds(text: str) -> float | None:
    clock = parse_clock(text)
    if clock is not None or not text:
        return clock
    moment = parse_text(text)
    return moment.seconds if moment else None


def _fits(kind: Kind, sample: list[str], is_table: bool) -> bool:
    found = [kind(line) for line in sample]
    roles = {role for every_found in found for one in every_found for role in one.cells}
    n = sum(bool(every_found) for every_found in found)
    least = _SHARE * len(sample) if is_table else min(_LEAST, len(sample))
    return roles == {TEMPERATURE, HUMIDITY} and n >= least


def _read_esphome(line: str) -> list[_Found]:
    match = _ESPHOME.search(line)
    if match is None:
        return []
    name = read_name(match[1])
    if name.role is None or name.role == TIME:
        return []
    return [_Found(name.rest, {name.role: match[2] + " " + (match[3] or "")})]


def _read_json(line: str) -> list[_Found]:
    at = line.find("{")
    if at < 0:
        return []
    try:
        value, _ = json.JSONDecoder().raw_decode(line[at:])
        places = _places(value, "")
    except (ValueError, RecursionError):
        return []
    times = [str(v) for k, v in value.items() if read_name(k).role == TIME]
    time = next((text for text in times if parse_text(text)), next(iter(times), ""))
    device = _device(line[:at], value)
    unit = value.get("TempUnit")
    unit = unit if unit in ("C", "F", "K") else None
    if len(places) > 1:
        return [_Found(f"{device} {key}".strip(), cells, time, unit) for key, cells in places]
    return [_Found(device, cells, time, unit) for _, cells in places]


def _device(before: str, values: dict[str, object]) -> str:
    # the topic of MQTT without the words that every topic has, else what the object says
    topic = _TOPIC.search(before)
    if topic:
        words = [word for word in topic[1].split("/") if word not in _TOPIC_KINDS]
        return "/".join(words)
    return next((str(values[k]) for k in ("node", "device", "id") if k in values), "")


def _places(given: object, key: str) -> list[tuple[str, dict[str, str]]]:
    # every object with a temperature and a humidity
    if not isinstance(given, dict):
        return []
    cells = {}
    for name, value in given.items():
        role = read_name(str(name)).role
        if role in (TEMPERATURE, HUMIDITY) and not isinstance(value, dict | list):
            cells[role] = "" if value is None else str(value)
    if len(cells) == 2:
        return [(key, cells)]
    return [place for name, value in given.items() for place in _places(value, str(name))]


def _read_pairs(line: str) -> list[_Found]:
    stamp = _STAMP.match(line)
    found: list[_Found] = []
    for name, number, unit in _PAIR.findall(line[stamp.end() :] if stamp else line):
        known = read_name(name)
        if known.role not in (TEMPERATURE, HUMIDITY):
            continue
        in_other_unit = bool(found) and "f" in unit.casefold()
        if found and known.role in found[-1].cells and in_other_unit:
            continue  # the same in Fahrenheit
        if not found or known.role in found[-1].cells:
            found.append(_Found(known.rest, {}))
        found[-1].cells[known.role] = f"{number} {unit.strip()}".strip()
    return _number_series(found)


def _number_series(found: list[_Found]) -> list[_Found]:
    # Two sensors in a line without names of their own are told apart by their place.
    if len(found) < 2:
        return [replace(one, series="") for one in found]
    names = [one.series for one in found]
    return [
        one if one.series and names.count(one.series) == 1 else replace(one, series=f"sensor {i}")
        for i, one in enumerate(found, 1)
    ]


Kind = Callable[[str], list[_Found]]
_NAMES: dict[Kind, str] = {
    _read_esphome: "ESPHome's log",
    _read_json: "lines with JSON",
    _read_pairs: "printed lines",
}


def _sheet(path: str, form: str, records: list[tuple[str, _Record]], units: set[str]) -> Sheet:
    header = ["time", "node", TEMPERATURE, HUMIDITY]
    has_series = len({series for series, _ in records}) > 1
    rows = [
        [record.time, series, record.cells.get(TEMPERATURE, ""), record.cells.get(HUMIDITY, "")]
        for series, record in records
    ]
    kept = [True, has_series, True, True]
    kept[0] = any(row[0] for row in rows)
    return Sheet(
        path,
        [name for name, keep in zip(header, kept, strict=True) if keep],
        1,
        [[cell for cell, keep in zip(row, kept, strict=True) if keep] for row in rows],
        [record.line for _, record in records],
        form,
        separator="",
        unit=units.pop() if len(units) == 1 else None,
    )
