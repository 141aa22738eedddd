"""Lines that a device prints: ESPHome, Tasmota, sketches for Arduino, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from edgewise.logs.names import HUMIDITY, TEMPERATURE, TIME, read_name
from edgewise.logs.sheets.sheet import Sheet

__all__ = ["read_lines"]

_SAMPLE_LINES = 300
_SHARE = 0.8  # of the lines tell a value: no table looks like that
_LEAST = 2
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
_FAILED = re.compile(
    r"\b(fail(ed|ure)?|error|timeout)\b.*\b(dht|sensor|read)|\bdht\w*\b.*\bfail", re.I
)
_TOPIC = re.compile(r"(?:tele|stat)/([^\s=]+)/\w+\s*=?\s*\{|/([^\s/=]+)/SENSOR\b")


@dataclass
class _Record:
    line: int
    time: str = ""
    cells: dict[str, str] = field(default_factory=dict)


@dataclass
class _Found:
    # what one line tells: of which series, role -> cell
    series: str
    cells: dict[str, str]
    time: str = ""
    unit: str | None = None


def read_lines(path: str, text: str, is_table: bool) -> Sheet | None:
    """Return the readings that the lines tell, None where the text is no such log.

    ``is_table``: the text has a header with names; then nearly every line must tell a value.
    """
    lines = [_COLOURS.sub("", line) for line in re.split(r"\r\n|\r|\n", text)]
    sample = [line for line in lines if line.strip()][:_SAMPLE_LINES]
    if not sample:
        return None
    kind = next(
        (k for k in (_of_esphome, _of_json, _of_pairs) if _fits(k, sample, is_table)), None
    )
    if kind is None:
        return None
    records: list[tuple[str, _Record]] = []
    open_records: dict[str, _Record] = {}
    units: set[str] = set()
    for number, line in enumerate(lines, 1):
        stamp = _STAMP.match(line)
        time = stamp[1] if stamp else ""
        found = kind(line)
        if found is None:
            if _FAILED.search(line) and not open_records:
                series = records[-1][0] if records else ""
                records.append((series, _Record(number, time)))
            continue
        units |= {found.unit} if found.unit else set()
        record = open_records.get(found.series)
        if record is None or record.cells.keys() & found.cells.keys():
            record = open_records[found.series] = _Record(number, found.time or time)
            records.append((found.series, record))
        record.cells |= found.cells
        if len(record.cells) == 2:
            del open_records[found.series]
    return _sheet(path, _NAMES[kind], records, units)


def _fits(kind: Kind, sample: list[str], is_table: bool) -> bool:
    found = [kind(line) for line in sample]
    roles = {role for one in found if one for role in one.cells}
    n = sum(one is not None for one in found)
    least = _SHARE * len(sample) if is_table else min(_LEAST, len(sample))
    return roles == {TEMPERATURE, HUMIDITY} and n >= least


def _of_esphome(line: str) -> _Found | None:
    match = _ESPHOME.search(line)
    if match is None:
        return None
    name = read_name(match[1])
    role = name.role
    if role is None or role == TIME:
        return None
    return _Found(name.rest, {role: match[2] + " " + (match[3] or "")})


def _of_json(line: str) -> _Found | None:
    at = line.find("{")
    if at < 0:
        return None
    try:
        given, _ = json.JSONDecoder().raw_decode(line[at:])
    except (ValueError, RecursionError):
        return None
    places = list(_places(given, ""))
    if len(places) != 1:
        return None
    series, cells = places[0]
    time = next((v for k, v in given.items() if read_name(k).role == TIME), "")
    topic = _TOPIC.search(line)
    if topic:
        series = topic[1] or topic[2]
    else:
        series = next((str(given[k]) for k in ("node", "device", "id") if k in given), "")
    unit = given.get("TempUnit")
    return _Found(series, cells, str(time), unit if unit in ("C", "F", "K") else None)


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


def _of_pairs(line: str) -> _Found | None:
    stamp = _STAMP.match(line)
    cells: dict[str, str] = {}
    for name, number, unit in _PAIR.findall(line[stamp.end() :] if stamp else line):
        role = read_name(name).role
        if role in (TEMPERATURE, HUMIDITY) and role not in cells:
            cells[role] = f"{number} {unit.strip()}".strip()
    return _Found("", cells) if cells else None


Kind = Callable[[str], _Found | None]
_NAMES: dict[Kind, str] = {
    _of_esphome: "ESPHome's log",
    _of_json: "lines with JSON",
    _of_pairs: "printed lines",
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
