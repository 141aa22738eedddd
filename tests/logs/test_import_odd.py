"""What published logs do, and no format describes: each is read right, or asked about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path

import pytest

from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.logs.importing import describe, import_files

N = 12


def _rows(row: Callable[[int, float, float], str]) -> str:
    return "".join(row(i, round(20 + i / 10, 1), round(45 + i / 10, 1)) + "\n" for i in range(N))


def _plain(prefix: str, suffix: str = "") -> str:
    return _rows(lambda i, t, h: f"{prefix}2026-05-04 08:{i:02d}:00{suffix},{t},{h}")


def _two(row: Callable[[int, str, float, float, str], str], a: str, b: str) -> str:
    return "".join(
        row(i, second, t, h, name) + "\n"
        for i in range(N)
        for name, second, t, h in (
            (a, "00", 20 + i / 10, 45 + i / 10),
            (b, "20", 23 + i / 10, 50 + i / 10),
        )
    )


def _json(before: str) -> str:
    return _two(
        lambda i, s, t, h, name: (
            f"2026-05-04T08:{i:02d}:{s}Z{before.format(name)}"
            f'{{"humidity":{h:.1f},"temperature":{t:.1f}}}'
        ),
        "bed",
        "bath",
    )


# text, choices, the first time, rows, failed reads, nodes
READ: dict[str, tuple[str, Choices, str, int, int, list[str]]] = {
    "HOBO: the zone stands in the header": (
        '"Plot Title: x"\n"#","Date Time, GMT-05:00","Temp, \u00b0C (LGR)","RH, % (LGR)"\n'
        + _rows(lambda i, t, h: f"{i},05/16/18 04:{i:02d}:00 PM,{t},{h}"),
        Choices(),
        "2018-05-16T21:00:00Z",
        *(N, 0, []),
    ),
    "an abbreviation in the header": (
        "Zeit (CEST),temp,hum\n" + _plain(""),
        Choices(),
        "2026-05-04T06:00:00Z",
        *(N, 0, []),
    ),
    "a zone in the header": (
        "Timestamp (America/New_York),temp,hum\n" + _plain(""),
        Choices(),
        "2026-05-04T12:00:00Z",
        *(N, 0, []),
    ),
    "a column with the zone": (
        "Timestamp,TZ,temp,hum\n" + _plain("", ",CEST"),
        Choices(),
        "2026-05-04T06:00:00Z",
        *(N, 0, []),
    ),
    "an offset as the zone": (
        "Timestamp,temp,hum\n" + _plain(""),
        Choices(tz="-05:00"),
        "2026-05-04T13:00:00Z",
        *(N, 0, []),
    ),
    "an abbreviation of several zones": (
        "Timestamp,temp,hum\n" + _plain("", " IST"),
        Choices(tz="Asia/Kolkata"),
        "2026-05-04T02:30:00Z",
        *(N, 0, []),
    ),
    "devices of one topic": (
        _json(" zigbee2mqtt/{} = "),
        Choices(),
        "2026-05-04T08:00:00Z",
        *(2 * N, 0, ["zigbee2mqtt/bath", "zigbee2mqtt/bed"]),
    ),
    "devices behind a tab": (
        _json("\truuvi/{}/status\t"),
        Choices(),
        "2026-05-04T08:00:00Z",
        *(2 * N, 0, ["ruuvi/bath", "ruuvi/bed"]),
    ),
    "rooms in a column": (
        "timestamp,room,temperature,humidity\n"
        + _two(lambda i, s, t, h, n: f"2026-05-04 08:{i:02d}:{s},{n},{t:.1f},{h:.1f}", "a", "b"),
        Choices(),
        "2026-05-04T08:00:00Z",
        *(2 * N, 0, ["a", "b"]),
    ),
    "two sensors of one Tasmota": (
        _rows(
            lambda i, t, h: (
                f'08:{i:02d}:00 MQT: tele/x/SENSOR = {{"Time":"2026-05-04T08:{i:02d}:00",'
                f'"AM2301":{{"Temperature":{t},"Humidity":{h}}},'
                f'"BME280":{{"Temperature":{t + 3:.1f},"Humidity":{h}}}}}'
            )
        ),
        Choices(),
        "2026-05-04T08:00:00Z",
        *(2 * N, 0, ["x AM2301", "x BME280"]),
    ),
    "two sensors of one line": (
        _rows(
            lambda i, t, h: (
                f"Inside Temperature: {t} C Humidity: {h} % "
                f"Outside Temperature: {t - 9:.1f} C Humidity: {h} %"
            )
        ),
        Choices(period_s=60),
        "2000-01-01T00:00:00Z",
        *(2 * N, 0, ["inside", "outside"]),
    ),
    "EasyLog: the last column has one row": (
        "x,Time,Celsius(\u00b0C),Humidity(%rh),Dew Point(\u00b0C),Serial Number\n"
        "0,2026-05-04 07:59:00,20,45,9,10012345\n"
        + _rows(lambda i, t, h: f"{i},2026-05-04 08:{i:02d}:00,{t},{h},9"),
        Choices(),
        "2026-05-04T07:59:00Z",
        *(N + 1, 0, []),
    ),
    "clocks without zeros": (
        "time,temp,hum\n" + _rows(lambda i, t, h: f"2026.5.4 8:{i}:5,{t},{h}"),
        Choices(),
        "2026-05-04T08:00:05Z",
        *(N, 0, []),
    ),
    "minutes without seconds": (
        "Date,Time,temp,hum\n" + _rows(lambda i, t, h: f"05/24/2026,08:{i // 4:02d},{t},{h}"),
        Choices(),
        "2026-05-24T08:00:00Z",
        *(N, 0, []),
    ),
    "errors with a unit, and numbers that stand for them": (
        "time,temp,hum\n"
        + _rows(lambda i, t, h: f"2026-05-04 08:{i:02d}:00,{t}\u00b0C,{h}%")
        + "2026-05-04 08:20:00,err\u00b0C,err%\n2026-05-04 08:21:00,-999,-999\n",
        Choices(),
        "2026-05-04T08:00:00Z",
        *(N + 2, 2, []),
    ),
    "a record with one value lost": (
        "[08:00:00][D][sensor:094]: 'Humidity': Sending state 40.0 % with 1\n"
        + _rows(
            lambda i, t, h: (
                f"[08:{i + 1:02d}:00][D][sensor:094]: 'Temperature': Sending state {t} \u00b0C\n"
                f"[08:{i + 1:02d}:00][D][sensor:094]: 'Humidity': Sending state {h} %"
            )
        ),
        Choices(),
        "2000-01-01T08:00:00Z",
        *(N + 1, 1, []),
    ),
    "a number behind f is no unit": (
        "time,temp_f1,hum\n" + _plain(""),
        Choices(),
        "2026-05-04T08:00:00Z",
        *(N, 0, []),
    ),
    "short names": (
        "time,DHT-T,DHT-RH\n" + _plain(""),
        Choices(),
        "2026-05-04T08:00:00Z",
        N,
        0,
        [],
    ),
    "newest first": (
        "time,temp,hum\n" + "".join(reversed(_plain("").splitlines(keepends=True))),
        Choices(),
        "2026-05-04T08:00:00Z",
        *(N, 0, []),
    ),
    "the time at the end of a line": (
        _rows(
            lambda i, t, h: f"Temperature: {t} Humidity: {h} Date/Time: 2024-08-24 22:{i:02d}:06"
        ),
        Choices(),
        "2024-08-24T22:00:06Z",
        *(N, 0, []),
    ),
    "Aranet: the order stands in the header": (
        "Time(DD/MM/YYYY h:mm:ss A),Temperature(\u00b0C),Relative humidity(%)\n"
        + _rows(lambda i, t, h: f"04/05/2026 8:{i:02d}:00 PM,{t},{h}"),
        Choices(),
        "2026-05-04T20:00:00Z",
        *(N, 0, []),
    ),
    "a read that timed out": (
        _rows(lambda i, t, h: f"2026-05-04 08:{i:02d}:00 Temp: {t} Hum: {h}")
        + "2026-05-04 08:14:00 Reading sensor timed out\n",
        Choices(),
        "2026-05-04T08:00:00Z",
        *(N + 1, 1, []),
    ),
}
# text, what is said
RAUM = "time,raum,temp,hum\n" + _two(
    lambda i, s, t, h, n: f"2026-05-04 08:{i:02d}:{s},{n},{t:.1f},{h:.1f}", "a", "b"
)
ASKED: dict[str, tuple[str, str]] = {
    "milliseconds or seconds": (
        "timestamp,temp,hum\n" + _rows(lambda i, t, h: f"{1000 * i},{t},{h}"),
        "say --date-format s or --date-format ms",
    ),
    "days or months": (
        "time,temp,hum\n04/05/2022 11:00:00,20,45\n10/05/2022 11:00:00,20.1,45\n",
        "say --date-format DMY or --date-format MDY",
    ),
    "one of several zones": ("time,temp,hum\n" + _plain("", " IST"), "IST is the name of several"),
    "names in a column that is not known": (RAUM, "does it name the node? Say --group raum"),
    "every row twice": (
        "time,temp,hum\n" + "".join(2 * line for line in _plain("").splitlines(keepends=True)),
        ":3: column time: 2026-05-04 08:00:00 is the same time as line 2",
    ),
    "an abbreviation of several zones in the header": (
        "Time (IST),temp,hum\n" + _plain(""),
        "IST is the name of several zones",
    ),
    "seconds that read as a date": (
        "time,temp,hum\n" + _rows(lambda i, t, h: f"{1712010000 + 2 * i},{t},{h}"),
        "say --date-format s or --date-format %y%m%d%H%M",
    ),
    "a year that no log has": (
        "time,temp,hum\n" + "9999-12-31 23:59:00,21,40\n",
        "not in the years 1 to 9998",
    ),
    "a torn row": (
        "time,temp,hum,status\n" + _plain("").replace("\n", ",a\n") + "2026-05-04 08:20:00,21.4,4",
        ":14: 3 cells where the header has 4: complete or remove the row",
    ),
    "one time twice": (
        "Date,Time,temp,hum\n03/20/21,02:54,23.8,53\n03/20/21,02:54,23.4,48\n03/20/21,02:55,23,48\n",
        "03/20/21 02:54 is the same time as line 2: remove one of the two rows",
    ),
    "data in the place of a header": (
        "03/20/21,02:54,23.8*C,53.9%\n03/20/21,02:55,23.8*C,53.9%\n",
        "no header: name the columns with --columns",
    ),
    "a name with blanks": (
        "time,Indoor Temperature(\u00b0C),Outdoor Temperature(\u00b0C),hum\n"
        + _rows(lambda i, t, h: f"2026-05-04 08:{i:02d}:00,{t},{t},{h}"),
        "choose with --temperature 'Indoor Temperature(\u00b0C)'",
    ),
}


@pytest.mark.parametrize("what", READ)
def test_it_is_read_right(tmp_path: Path, what: str) -> None:
    text, choices, first, rows, failed, nodes = READ[what]
    path = tmp_path / "log.txt"
    path.write_text(text, encoding="utf-8")
    log = import_files([path], None, None, choices)
    summary = describe(log)
    found = (summary.first, summary.rows, summary.failed_reads, summary.nodes)
    assert found == (first, rows, failed, nodes), log.source
    if not nodes and not failed and rows == N:
        assert log.t_dc.tolist() == [200 + i for i in range(N)]
        assert log.h_pm.tolist() == [450 + i for i in range(N)]


def test_readings_of_one_minute_are_spread_over_it(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(READ["minutes without seconds"][0])
    log = import_files([path], None, None, Choices())
    assert set((log.time_s[1:] - log.time_s[:-1]).tolist()) == {15.0}
    assert "readings of one minute are spread over it" in " ".join(log.source.notes)


@pytest.mark.parametrize("what", ASKED)
def test_it_is_asked_about(tmp_path: Path, what: str) -> None:
    text, said = ASKED[what]
    path = tmp_path / "log.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        import_files([path], None, None, Choices())
    assert said in str(error.value)


def test_dates_and_clocks_of_a_workbook(tmp_path: Path) -> None:
    from openpyxl import Workbook

    path, book = tmp_path / "log.xlsx", Workbook()
    book.active.append(["Date", "Time", "Temperature", "Humidity"])
    for i in range(N):
        book.active.append([datetime(2026, 5, 4), time(8, i), 20 + i / 10, 45])
    book.save(path)
    summary = describe(import_files([path], None, None, Choices()))
    assert (summary.first, summary.period_s) == ("2026-05-04T08:00:00Z", 60.0)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            "0,20,45\n60,20.1,45\n",
            "1777881600,20,45\n1777881660,20.1,45\n",
            "counts from its start",
        ),
        (
            "1777881600,20,45\n1777881660,20.1,45\n",
            "1777885600,20,45\n1777885900,20,45\n",
            "every 300 s",
        ),
    ],
)
def test_files_that_do_not_go_together(tmp_path: Path, first: str, second: str, said: str) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, text in zip(paths, (first, second), strict=True):
        path.write_text("time,temp,hum\n" + text)
    with pytest.raises(InputError, match=said):
        import_files(paths, None, None, Choices())


@pytest.mark.parametrize("options", [{"tz": "+99:00"}, {"date_format": "%d %d"}, {"unit": "F"}])
def test_options_that_cannot_be_are_one_line(tmp_path: Path, options: dict[str, str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "time,temp,hum\n" + _rows(lambda i, t, h: f"2026-05-04 08:{i:02d},{t} \u00b0C,{h}")
    )
    with pytest.raises(InputError):
        import_files([path], None, None, Choices(**options))
