"""Writes a log as loggers write it, in a dialect that chance chooses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from edgewise.logs.choices import Choices

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING = (
    "",
    "nan",
    "null",
    "None",
    "NA",
    "N/A",
    "--",
    "-",
    "unavailable",
    "unknown",
    "ERROR",
    "fail",
)
_PERIODS_S = (2, 5, 10, 30, 60, 61, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class Reading:
    """``t_dc``, ``h_pm``: None for a failed read."""

    time_s: float
    t_dc: int | None
    h_pm: int | None
    label: str | None = None


@dataclass
class Written:
    """``choices``: what a user has to say; ``since_start``: the times lost their beginning;
    ``clock``: they lost their date."""

    path: Path
    readings: list[Reading]
    choices: Choices
    since_start: bool = False
    dialect: list[str] = field(default_factory=list)


def draw_readings(random: Random) -> list[Reading]:
    """A room, some failed reads in it."""
    period_s = random.choice(_PERIODS_S)
    start_s = random.randrange(978307200, 1767225600) // 60 * 60
    t_dc, h_pm = random.randrange(100, 300), random.randrange(300, 700)
    readings = []
    for i in range(random.randrange(12, 40)):
        t_dc = min(max(t_dc + random.randrange(-4, 5), 50), 350)
        h_pm = min(max(h_pm + random.randrange(-9, 10), 250), 800)
        failed = random.random() < 0.1
        label = random.choice(("open", "shut"))
        time_s = float(start_s + i * period_s)
        readings.append(Reading(time_s, None if failed else t_dc, None if failed else h_pm, label))
    return readings


def write(folder: Path, random: Random) -> Written:
    """Write a log in some dialect."""
    readings = draw_readings(random)
    kinds: tuple[Callable[[Path, Random, list[Reading]], Written], ...] = (
        *(_table,) * 12,
        _history,
        _annotated,
        _esphome,
        _tasmota,
        _prints,
        _json_lines,
        _workbook,
        _parquet,
        _sqlite,
    )
    return random.choice(kinds)(folder, random, readings)


def _tenths(value: int) -> str:
    return f"{'-' * (value < 0)}{abs(value) // 10}.{abs(value) % 10}"


def _iso(time_s: float) -> str:
    return (_EPOCH + timedelta(seconds=time_s)).isoformat().replace("+00:00", "Z")


def _wall(time_s: float, zone: ZoneInfo | None = None) -> datetime:
    time = _EPOCH + timedelta(seconds=time_s)
    return (time.astimezone(zone) if zone else time).replace(tzinfo=None)


def _strftime(date_format: str) -> Callable[[datetime], str]:
    return lambda time: time.strftime(date_format)


# name: what it writes of the clock on the wall
_WALL: dict[str, Callable[[datetime], str]] = {
    "ISO": lambda time: time.isoformat(),
    "ISO with a blank": lambda time: time.isoformat(" "),
    "Y/M/D": _strftime("%Y/%m/%d %H:%M:%S"),
    "D.M.Y": _strftime("%d.%m.%Y %H:%M:%S"),
    "D/M/Y": _strftime("%d/%m/%Y %H:%M:%S"),
    "M/D/Y": _strftime("%m/%d/%Y %H:%M:%S"),
    "M/D/Y AM": _strftime("%m/%d/%Y %I:%M:%S %p"),
    "D-Mon-Y": _strftime("%d-%b-%Y %H:%M:%S"),
    "Mon D, Y": _strftime("%b %d, %Y %I:%M:%S %p"),
    "ctime": _strftime("%a %b %d %H:%M:%S %Y"),
    "D.M.y": _strftime("%d.%m.%y %H:%M:%S"),
    "digits": _strftime("%Y%m%d%H%M%S"),
    "Excel": lambda time: f"{(time - datetime(1899, 12, 30)) / timedelta(days=1):.7f}",
}
_UTC: dict[str, Callable[[float], str]] = {
    "ISO Z": _iso,
    "ISO +02:00": lambda s: (
        (_EPOCH + timedelta(seconds=s)).astimezone(ZoneInfo("Etc/GMT-2")).isoformat()
    ),
    "... UTC": lambda s: _iso(s).replace("T", " ").replace("Z", " UTC"),
    "GMT+0200": lambda s: (_wall(s + 7200)).strftime("%a %b %d %Y %H:%M:%S GMT+0200 (CEST)"),
    "RFC 2822": lambda s: _wall(s).strftime("%a, %d %b %Y %H:%M:%S +0000"),
    "epoch s": lambda s: f"{s:.0f}",
    "epoch s float": lambda s: f"{s:.1f}",
    "epoch ms": lambda s: f"{s * 1000:.0f}",
    "epoch us": lambda s: f"{s:.0f}000000",
    "epoch ns": lambda s: f"{s:.0f}000000000",
}
_NAMES = (
    ("time", "temperature", "humidity"),
    ("Timestamp", "Temp (\u00b0C)", "Hum %"),
    ("Zeit", "Temperatur", "Luftfeuchte"),
    ("created_at", "field1", "field2"),
    ("date", "dht22_temperature", "dht22_humidity"),
    ("datetime", "temperature_c", "relative_humidity"),
    ("Date/Time", "Temperature", "RH"),
    ("ts", "temp", "hum"),
)


def _times(random: Random, readings: list[Reading], written: Written) -> list[str]:
    if random.random() < 0.5:
        name = random.choice(list(_UTC))
        written.dialect.append(name)
        return [_UTC[name](reading.time_s) for reading in readings]
    name = random.choice(list(_WALL))
    zone = random.choice((None, "Europe/Berlin", "America/New_York", "Australia/Sydney"))
    written.dialect.append(f"{name} {zone}")
    if zone:
        written.choices = replace(written.choices, tz=zone)
    return [_WALL[name](_wall(r.time_s, ZoneInfo(zone) if zone else None)) for r in readings]


def _values(
    random: Random, readings: list[Reading], written: Written
) -> tuple[list[str], list[str]]:
    unit = random.choice(("C", "C", "C", "F", "K"))
    in_cell = random.random() < 0.3
    comma = random.random() < 0.3
    fraction = random.random() < 0.1
    t_cells, h_cells = [], []
    for reading in readings:
        if reading.t_dc is None or reading.h_pm is None:
            t_cells.append(random.choice(_MISSING))
            h_cells.append(random.choice(_MISSING))
            continue
        t = {
            "C": _tenths(reading.t_dc),
            "F": f"{reading.t_dc * 0.18 + 32:.2f}",
            "K": f"{reading.t_dc / 10 + 273.15:.2f}",
        }[unit]
        h = f"{reading.h_pm / 1000:.3f}" if fraction else _tenths(reading.h_pm)
        t_unit, h_unit = f" {'' if unit == 'K' else chr(176)}{unit}", "" if fraction else " %"
        t_cells.append(t + (t_unit if in_cell else ""))
        h_cells.append(h + (h_unit if in_cell else ""))
    if comma:
        t_cells = [cell.replace(".", ",") for cell in t_cells]
        h_cells = [cell.replace(".", ",") for cell in h_cells]
    if unit != "C" and not in_cell:
        written.choices = replace(written.choices, unit=unit)
    if fraction:
        written.choices = replace(written.choices, humidity_unit="fraction")
    written.dialect += [unit, "unit in cells" * in_cell, "comma" * comma, "fraction" * fraction]
    return t_cells, h_cells


def _table(folder: Path, random: Random, readings: list[Reading]) -> Written:
    written = Written(folder / "log.csv", readings, Choices())
    times = _times(random, readings, written)
    t_cells, h_cells = _values(random, readings, written)
    columns = [times, t_cells, h_cells]
    header = list(random.choice(_NAMES))
    if " " in times[0] and times[0].count(" ") == 1 and random.random() < 0.3:
        columns[0:1] = [
            list(part) for part in zip(*(cell.split(" ") for cell in times), strict=True)
        ]
        header[0:1] = ["Date", "Time"]
    labelled = random.random() < 0.5
    if labelled:
        columns.append([reading.label or "" for reading in readings])
        header.append(random.choice(("status", "label", "device_status")))
    else:
        written.readings = [replace(reading, label=None) for reading in readings]
    if random.random() < 0.3:
        columns.insert(0, [str(i) for i in range(len(readings))])
        header.insert(0, "entry_id")
    order = list(range(len(columns)))
    if random.random() < 0.3:
        random.shuffle(order)
    if header[order[0]].startswith("field") or "field1" in header:
        order = list(range(len(columns)))
    rows = [[columns[k][i] for k in order] for i in range(len(readings))]
    return _csv(random, written, [header[k] for k in order], rows)


def _csv(random: Random, written: Written, header: list[str], rows: list[list[str]]) -> Written:
    cells = [cell for row in rows for cell in row]
    has_comma = any("," in cell for cell in cells)
    sep = random.choice((",", ";", "\t", "|"))
    quoted = random.random() < 0.3 or (has_comma and sep == ",")
    trailing = random.random() < 0.2
    lines = []
    for row in [header, *rows]:
        cells = [f'"{cell}"' if quoted else cell for cell in row]
        lines.append(sep.join(cells) + sep * trailing)
    if random.random() < 0.15:
        lines.pop(0)
        written.choices = replace(
            written.choices, columns=(*header, *([""] if trailing else [])), sep=None
        )
        written.dialect.append("no header")
    elif random.random() < 0.2:
        lines.insert(0, f"sep={sep}")
    for _ in range(random.randrange(3)):
        lines.insert(random.randrange(1, len(lines)), random.choice(("", "# a remark; 1, 2")))
    encoding = random.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"))
    end = random.choice(("\n", "\r\n"))
    written.path.write_bytes((end.join(lines) + end).encode(encoding))
    written.dialect += [repr(sep), "quoted" * quoted, "trailing" * trailing, encoding]
    return written


def _history(folder: Path, random: Random, readings: list[Reading]) -> Written:
    rows = []
    for reading in readings:
        failed = reading.t_dc is None or reading.h_pm is None
        t = "unavailable" if failed else _tenths(reading.t_dc or 0)
        h = "unavailable" if failed else _tenths(reading.h_pm or 0)
        rows.append(("sensor.room_temperature", t, _iso(reading.time_s)))
        rows.append(("sensor.room_humidity", h, _iso(reading.time_s + 0.25)))
    if random.random() < 0.5:
        rows.sort()
    path = folder / "history.csv"
    text = "".join(",".join(row) + "\n" for row in rows)
    path.write_text("entity_id,state,last_changed\n" + text)
    return Written(path, _unlabelled(readings), Choices(), dialect=["Home Assistant"])


def _annotated(folder: Path, random: Random, readings: list[Reading]) -> Written:
    path = folder / "influx.csv"
    lines = ["#group,false,false,false,true,true", "#datatype,string,long,dateTime,double,string"]
    lines += ["#default,_result,,,,", ",result,table,_time,_value,_field"]
    good = [r for r in readings if r.t_dc is not None and r.h_pm is not None]
    lines += [f",,0,{_iso(r.time_s)},{_tenths(r.h_pm or 0)},humidity" for r in good]
    lines += [f",,1,{_iso(r.time_s)},{_tenths(r.t_dc or 0)},temperature" for r in good]
    path.write_text("\n".join(lines) + "\n")
    return Written(path, _unlabelled(good), Choices(), dialect=["InfluxDB"])


def _esphome(folder: Path, random: Random, readings: list[Reading]) -> Written:
    path, lines = folder / "esphome.log", []
    for r in readings:
        clock = _wall(r.time_s).strftime("%H:%M:%S")
        for name, value, unit in (("Temperature", r.t_dc, "\u00b0C"), ("Humidity", r.h_pm, "%")):
            shown = "nan" if value is None else _tenths(value) + "0000"
            lines.append(
                f"[{clock}][D][sensor:094]: 'Room {name}': Sending state {shown} {unit} with 1"
            )
        lines.append(f"[{clock}][I][wifi:303]: retry")
    path.write_text("\n".join(lines))
    return Written(path, _unlabelled(readings), Choices(), True, ["ESPHome"])


def _tasmota(folder: Path, random: Random, readings: list[Reading]) -> Written:
    path = folder / "tasmota.log"
    good = [r for r in readings if r.t_dc is not None and r.h_pm is not None]
    lines = []
    for r in good:
        body = {
            "Time": _wall(r.time_s).isoformat(),
            "DHT22": {
                "Temperature": (r.t_dc or 0) / 10,
                "Humidity": (r.h_pm or 0) / 10,
                "DewPoint": 9.1,
            },
            "TempUnit": "C",
        }
        clock = _wall(r.time_s).strftime("%H:%M:%S.123")
        lines.append(f"{clock} MQT: tele/room/SENSOR = {json.dumps(body)}")
        lines.append(f'{clock} MQT: tele/room/STATE = {{"Uptime":1}}')
    path.write_text("\n".join(lines))
    return Written(path, _unlabelled(good), Choices(), dialect=["Tasmota"])


def _prints(folder: Path, random: Random, readings: list[Reading]) -> Written:
    path, lines = folder / "serial.txt", []
    period_s = readings[1].time_s - readings[0].time_s
    for r in readings:
        if r.t_dc is None or r.h_pm is None:
            lines.append("Failed to read from DHT sensor!")
        else:
            lines.append(f"Humidity: {_tenths(r.h_pm)} %  Temperature: {_tenths(r.t_dc)} \u00b0C")
    path.write_text("\n".join(lines))
    return Written(path, _unlabelled(readings), Choices(period_s=period_s), True, ["Arduino"])


def _json_lines(folder: Path, random: Random, readings: list[Reading]) -> Written:
    path, lines = folder / "mqtt.jsonl", []
    for r in readings:
        values = [None if v is None else v / 10 for v in (r.t_dc, r.h_pm)]
        lines.append(json.dumps({"ts": r.time_s, "temperature": values[0], "humidity": values[1]}))
    path.write_text("\n".join(lines))
    return Written(path, _unlabelled(readings), Choices(), dialect=["JSON"])


def _frame(readings: list[Reading]) -> tuple[list[str], list[tuple[object, ...]]]:
    rows: list[tuple[object, ...]] = [
        (_wall(r.time_s), *(None if v is None else v / 10 for v in (r.t_dc, r.h_pm)), r.label)
        for r in readings
    ]
    return ["time", "temperature", "humidity", "status"], rows


def _workbook(folder: Path, random: Random, readings: list[Reading]) -> Written:
    from openpyxl import Workbook

    path, book = folder / "log.xlsx", Workbook()
    header, rows = _frame(readings)
    for row in [header, *rows]:
        book.active.append(row)
    book.save(path)
    return Written(path, readings, Choices(), dialect=["workbook"])


def _parquet(folder: Path, random: Random, readings: list[Reading]) -> Written:
    import pandas as pd

    path = folder / "log.parquet"
    header, rows = _frame(readings)
    frame = pd.DataFrame(rows, columns=header)
    (frame.set_index("time") if random.random() < 0.5 else frame).to_parquet(path)
    return Written(path, readings, Choices(), dialect=["Parquet"])


def _sqlite(folder: Path, random: Random, readings: list[Reading]) -> Written:
    path = folder / "log.db"
    path.unlink(missing_ok=True)
    header, rows = _frame(readings)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"create table readings ({', '.join(header)})")
        connection.execute("create table settings (name, value)")
        texts = [(str(row[0]), *row[1:]) for row in rows]
        connection.executemany("insert into readings values (?, ?, ?, ?)", texts)
    return Written(path, readings, Choices(), dialect=["SQLite"])


def _unlabelled(readings: list[Reading]) -> list[Reading]:
    return [replace(reading, label=None) for reading in readings]
