"""`edgewise data import`: what people's loggers write becomes a log, and is said to be so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.command import edgewise

from edgewise.logs.log import read_log

ROWS = [(i, 210 + i, 430 + 2 * i) for i in range(12)]


def _lines(form: str) -> str:
    """``form`` with {i}: the minute, {t}, {h}: the values; a line for each reading."""
    return "".join(
        form.format(i=f"{i:02d}", t=f"{t / 10:.1f}", h=f"{h / 10:.1f}") + "\n" for i, t, h in ROWS
    )


HA = "entity_id,state,last_changed\n" + _lines(
    "sensor.bath_temperature,{t},2026-05-04T08:{i}:00.000Z\n"
    "sensor.bath_humidity,{h},2026-05-04T08:{i}:00.250Z"
)
INFLUX = (
    "#group,false,false,false,false\n#datatype,double,double,string,dateTime:RFC3339\n"
    "#default,,,,\n,Humidity,Temperature,room,time\n" + _lines(",{h},{t},a,2026-05-04T08:{i}:00Z")
)
# name: text of the file, options, what is said of it
FORMS: dict[str, tuple[str | bytes, list[str], str]] = {
    "date and time": (
        "Date,Time,temperature,humidity\n" + _lines("2026-05-04,08:{i}:00,{t},{h}"),
        [],
        "columns: time 'Date + Time'",
    ),
    "ThingSpeak": (
        "created_at,entry_id,field1,field2\n" + _lines("2026-05-04 08:{i}:00 UTC,{i},{t},{h}"),
        [],
        "field1 is taken for the temperature",
    ),
    "Home Assistant": (HA, [], "Home Assistant history"),
    "InfluxDB": (INFLUX, [], "InfluxDB annotated CSV"),
    "semicolons": (
        "Zeit;Temperatur;Luftfeuchte\n" + _lines("04.05.2026 08:{i};{t};{h}"),
        [],
        "separator semicolon",
    ),
    "latin-1": (
        ("Zeit;Temp (\u00b0C);Hum %\n" + _lines("04.05.2026 08:{i};{t} \u00b0C;{h} %")).encode(
            "latin-1"
        ),
        [],
        "cp1252",
    ),
    "Excel's days": (
        "time,temperature,humidity\n"
        + "".join(f"{46146 + (480 + i) / 1440:.7f},{t / 10},{h / 10}\n" for i, t, h in ROWS),
        [],
        "days of a spreadsheet",
    ),
    "digits": ("time,temp,hum\n" + _lines("26050408{i},{t},{h}"), [], "digits %y%m%d%H%M"),
    "Fahrenheit": (
        "time,temp_f,hum\n"
        + "".join(f"2026-05-04T08:{i:02d}:00Z,{t * 0.18 + 32:.2f},{h / 10}\n" for i, t, h in ROWS),
        [],
        "degrees Fahrenheit, converted to Celsius",
    ),
    "fraction": (
        "time,temp,hum\n"
        + "".join(f"2026-05-04T08:{i:02d}:00Z,{t / 10},{h / 1000:.3f}\n" for i, t, h in ROWS),
        ["--humidity-unit", "fraction"],
        "humidity as a fraction, converted to %RH",
    ),
    "Tasmota": (
        _lines(
            '08:{i}:00 MQT: tele/x/SENSOR = {{"Time":"2026-05-04T08:{i}:00","DHT22":'
            '{{"Temperature":{t},"Humidity":{h}}},"TempUnit":"C"}}'
        ),
        [],
        "lines with JSON",
    ),
    "Grafana": (
        'sep=,\n"Time","Temperature","Humidity"\n'
        + _lines("2026-05-04 08:{i}:00,{t} \u00b0C,{h}%"),
        [],
        "taken as UTC",
    ),
    "epoch ms": (
        "timestamp,temp,hum\n"
        + "".join(f"{1777881600000 + 60000 * i},{t / 10},{h / 10}\n" for i, t, h in ROWS),
        [],
        "milliseconds since 1970",
    ),
    "summer time": (
        "time,temp,hum\n" + _lines("04.05.2026 10:{i},{t},{h}"),
        ["--tz", "Europe/Berlin"],
        "Europe/Berlin",
    ),
    "no header": (
        _lines("2026-05-04T08:{i}:00,{t},{h}"),
        ["--columns", "time,temperature,humidity"],
        "ISO 8601",
    ),
    "UTF-16": (
        ("time\ttemp\thum\n" + _lines("2026-05-04T08:{i}:00\t{t}\t{h}")).encode("utf-16"),
        [],
        "separator tab",
    ),
}
EXPECTED = "time,temperature,humidity\n" + _lines("2026-05-04T08:{i}:00Z,{t},{h}")


@pytest.mark.parametrize("form", FORMS)
def test_it_becomes_a_log(tmp_path: Path, form: str) -> None:
    text, options, said = FORMS[form]
    path, out = tmp_path / "their.csv", tmp_path / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = edgewise("data", "import", path, "--out", out, *options)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert out.read_text() == EXPECTED
    assert said in result.stderr
    assert "12 rows, 0 failed reads, every 60 s, 0 gaps" in result.stderr


def test_json_tells_how_it_was_understood(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("Zeit;Temperatur;Luftfeuchte;status\n" + _lines("04.05.2026 08:{i};{t};{h};a"))
    result = edgewise("data", "import", path, "--json")
    given = json.loads(result.stdout)
    assert given["columns"] == {
        "time": "Zeit",
        "temperature": "Temperatur",
        "humidity": "Luftfeuchte",
        "label": "status",
    }
    figures = ("separator", "time_format", "unit", "rows", "failed_reads", "period_s", "gaps")
    assert [given[key] for key in figures] == [";", "DD/MM/YYYY", "C", 12, 0, 60.0, 0]
    assert given["classes"] == {"a": 12}


def test_the_label_and_the_nodes_keep_their_names(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "time,mote,temp,hum,window\n" + _lines("2026-05-04T08:{i}:00Z,m1,{t},{h},open")
    )
    result = edgewise("data", "import", path, "--label", "window")
    assert result.stdout.splitlines()[:2] == [
        "time,node,temperature,humidity,window",
        "2026-05-04T08:00:00Z,m1,21.0,43.0,open",
    ]


def test_only_changes_are_held_for_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(
        "entity_id,state,last_changed\n"
        "sensor.a_temperature,21.0,2026-05-04T08:00:00Z\n"
        "sensor.a_temperature,22.0,2026-05-04T08:30:00Z\n"
        "sensor.a_temperature,23.0,2026-05-04T10:00:00Z\n"
        "sensor.a_humidity,43.0,2026-05-04T08:00:20Z\n"
        "sensor.a_humidity,unavailable,2026-05-04T08:50:00Z\n"
        "sensor.a_humidity,44.0,2026-05-04T09:40:00Z\n"
        "binary_sensor.window,on,2026-05-04T08:20:00Z\n"
    )
    options = ("--period", "10min", "--label", "binary_sensor.window")
    result = edgewise("data", "import", path, *options)
    assert result.returncode == 0, result.stderr
    assert "at most 60 min old, every 600 s" in result.stderr
    assert result.stdout.splitlines() == [
        "time,temperature,humidity,binary_sensor.window",
        "2026-05-04T08:10:00Z,21.0,43.0,",
        "2026-05-04T08:20:00Z,21.0,43.0,on",
        "2026-05-04T08:30:00Z,22.0,43.0,on",
        "2026-05-04T08:40:00Z,22.0,43.0,on",
        "2026-05-04T10:00:00Z,23.0,44.0,on",
    ]


def test_rooms_of_one_export_are_nodes(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(HA + HA.split("\n", 1)[1].replace("bath", "attic"))
    result = edgewise("data", "import", path)
    rows = result.stdout.splitlines()
    assert rows[0] == "time,node,temperature,humidity"
    assert len(rows) == 25
    assert {row.split(",")[1] for row in rows[1:]} == {"attic", "bath"}


def test_the_hour_that_comes_twice(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    minutes = [*range(90, 180), *range(120, 180), *range(180, 200)]
    path.write_text(
        "time,temp,hum\n"
        + "".join(
            f"2026-10-25T{m // 60:02d}:{m % 60:02d}:00,21.{m % 10},4{m % 10}\n" for m in minutes
        )
    )
    refused = edgewise("data", "import", path)
    assert refused.returncode == 2
    assert f"{path}:92: column time: 2026-10-25T02:00:00 is earlier than line 91" in refused.stderr
    assert "end of summer time: say the zone with --tz" in refused.stderr
    assert "do not sort the rows" in refused.stderr
    out = tmp_path / "out.csv"
    result = edgewise("data", "import", path, "--tz", "Europe/Berlin", "--out", out)
    assert result.returncode == 0, result.stderr
    log = read_log(out)
    assert set((log.time_s[1:] - log.time_s[:-1]).tolist()) == {60.0}


def test_one_passage_of_that_hour_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = "".join(f"2026-10-25T{m // 60:02d}:{m % 60:02d}:00,21,40\n" for m in range(90, 200))
    path.write_text("time,temp,hum\n" + rows)
    result = edgewise("data", "import", path, "--tz", "Europe/Berlin")
    assert result.returncode == 2
    assert "comes twice in Europe/Berlin" in result.stderr


def test_several_files(tmp_path: Path) -> None:
    for day in ("04", "05"):
        text = "time,temp,hum\n" + _lines(f"2026-05-{day}T08:{{i}}:00Z,{{t}},{{h}}")
        (tmp_path / f"day{day}.csv").write_text(text)
    (tmp_path / "other.csv").write_text(
        "time,temp,hum\n" + _lines("2026-05-04T08:{i}:30Z,{h},{t}")
    )
    days = (tmp_path / "day05.csv", tmp_path / "day04.csv")
    result = edgewise("data", "import", *days)
    assert "2 files, one after the other" in result.stderr
    assert len(result.stdout.splitlines()) == 25
    result = edgewise("data", "import", days[1], tmp_path / "other.csv", "--as-is")
    assert "each is a node, day04, other" in result.stderr
    result = edgewise("data", "import", days[1], days[1])
    assert (result.returncode, result.stdout) == (2, "")
    assert "holds readings of" in result.stderr


def test_without_times_there_is_a_period(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("temp,humidity,device_status\n" + _lines("{t},{h},1"))
    refused = edgewise("data", "import", path)
    assert (refused.returncode, "--period 60s" in refused.stderr) == (2, True)
    result = edgewise("data", "import", path, "--period", "60s")
    assert result.stdout.splitlines()[1:3] == [
        "2000-01-01T00:00:00Z,21.0,43.0,1",
        "2000-01-01T00:01:00Z,21.1,43.2,1",
    ]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("time,temp,hum\n" + _lines("04/05/2026 08:{i},{t},{h}"), [], "--date-format DMY or"),
        (
            "time,temp,hum\n" + _lines("{i}000,{t},{h}"),
            ["--date-format", "x"],
            "such as '%d.%m.%Y",
        ),
        (
            "time,temp,hum\n" + _lines("2026-05-04T08:{i},{t},{h}"),
            ["--tz", "Nowhere"],
            "no such zone",
        ),
        (
            "time,temp,hum\n" + _lines("2026-05-04T08:{i},{t},{h}"),
            ["--sep", "ab"],
            "one character",
        ),
        (
            "time,temp,hum\n" + _lines("2026-05-04T08:{i},{t},{h}"),
            ["--period", "60s"],
            "leave --period",
        ),
        ("temp,hum\n" + _lines("{t},{h}"), ["--period", "soon"], "60s, 5min or 1h"),
        (
            "time,temp,hum\n" + _lines("2026-05-04T08:{i},{t},{h}"),
            ["--encoding", "x"],
            "not known",
        ),
        ("time,in,out\n" + _lines("2026-05-04T08:{i},{t},{h}"), [], "--temperature COLUMN"),
        (
            "time,temp_in,temp_out,hum\n" + _lines("2026-05-04T08:{i},{t},{t},{h}"),
            [],
            "choose with --temperature temp_in",
        ),
        ("time,temp,hum\n" + _lines("2026-05-04T08:{i},{t} K,{h}"), [], "outside -60..150"),
    ],
)
def test_what_is_asked_for(tmp_path: Path, text: str, options: list[str], said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    result = edgewise("data", "import", path, "--out", tmp_path / "out.csv", *options)
    assert result.returncode == 2, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.csv").exists()
