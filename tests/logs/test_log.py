"""The log reader: what it accepts, and the exact line it says about what it refuses."""

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edgewise.errors import InputError
from edgewise.logs.log import Log, read_log
from edgewise.logs.writing import write_log

CURE = "correct it, or leave the cell empty for a failed read"
HEAD = "time,temperature,humidity,status\n"
ROWS = "0,21.0,40.0,a\n60,21.1,40.1,b\n120,21.2,40.2,a\n"


def make_log(folder: Path, text: str | bytes, **options: str) -> Log:
    path = folder / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_log(path, **options)


def catch_error(folder: Path, text: str | bytes, **options: str) -> str:
    with pytest.raises(InputError) as error:
        make_log(folder, text, **options)
    message = str(error.value)
    assert "\n" not in message
    assert error.value.exit_code == 2
    return message.replace(str(folder) + os.sep, "")


def test_reads_the_contract(tmp_path: Path) -> None:
    log = make_log(tmp_path, "\ufeff" + HEAD + ROWS)
    assert log.time_s.tolist() == [0.0, 60.0, 120.0]
    assert (log.t_dc.dtype, log.t_dc.tolist()) == (np.int16, [210, 211, 212])
    assert (log.h_pm.dtype, log.h_pm.tolist()) == (np.int16, [400, 401, 402])
    assert log.valid.all()
    assert log.label is not None
    assert log.label.tolist() == ["a", "b", "a"]
    assert (log.label_name, log.period_ms, log.line.tolist()) == ("status", 60000, [2, 3, 4])
    assert log.node.tolist() == ["", "", ""]
    assert log.extra == {}


@pytest.mark.parametrize("names", ["Time, TEMP ,rh", "timestamp,temp_c,hum", "s,temp,Humidity"])
def test_names_are_case_insensitive_and_trimmed(tmp_path: Path, names: str) -> None:
    log = make_log(tmp_path, names + "\r\n0,1,2\r\n\r\n9,-1,3\r\n")
    assert (log.t_dc.tolist(), log.line.tolist(), log.label) == ([10, -10], [2, 4], None)


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "ERROR", "error"])
def test_failed_reads(tmp_path: Path, cell: str) -> None:
    log = make_log(tmp_path, f"time,temp,hum\n0,{cell},40\n1,21,{cell}\n2,21,40\n")
    assert log.valid.tolist() == [False, False, True]
    assert (log.t_dc.tolist(), log.h_pm.tolist()) == ([0, 0, 210], [0, 0, 400])


def test_rounds_half_away_from_zero_as_the_text_reads(tmp_path: Path) -> None:
    cells = ["0.05", "-0.05", "0.15", "0.25", "1.005", "23.15", "-0.04", "8.35", "23.149", "-40"]
    text = "".join(f"{i},{cell},50\n" for i, cell in enumerate(cells))
    log = make_log(tmp_path, "time,temp,hum\n" + text)
    assert log.t_dc.tolist() == [1, -1, 2, 3, 10, 232, 0, 84, 231, -400]


def test_every_half_tenth_rounds_up(tmp_path: Path) -> None:
    text = "".join(f"{i},{i // 20}.{i % 20 * 5:02d},50\n" for i in range(1601))
    log = make_log(tmp_path, "time,temp,hum\n" + text)
    assert log.t_dc.tolist() == [(i + 1) // 2 for i in range(1601)]


def test_times(tmp_path: Path) -> None:
    cells = ["1970-01-01T00:00:01Z", "1970-01-01 00:00:02", "1970-01-01T01:00:03.5+01:00"]
    log = make_log(tmp_path, "date,temp,hum\n" + "".join(f"{c},1,1\n" for c in cells))
    assert log.time_s.tolist() == [1.0, 2.0, 3.5]


def test_nodes_may_interleave(tmp_path: Path) -> None:
    log = make_log(tmp_path, "mote,s,temp,rh,x\nb,0,1,1,p\na,5,2,2,q\nb,31,3,3,r\na,36,4,4,s\n")
    assert [rows.tolist() for rows in log.series()] == [[0, 2], [1, 3]]
    assert (log.period_ms, log.extra["x"].tolist()) == (31000, list("pqrs"))


def test_split_parts_have_their_own_order(tmp_path: Path) -> None:
    text = "split,time,temp,hum\ntrain,60,1,1\ntrain,120,2,2\ntest,0,3,3\ntest,60,4,4\n"
    log = make_log(tmp_path, text, split="SPLIT")
    assert [rows.tolist() for rows in log.series()] == [[0, 1], [2, 3]]
    part = log.select(log.extra["SPLIT"] == "test")
    assert (len(part), part.t_dc.tolist(), part.line.tolist()) == (2, [30, 40], [4, 5])
    assert [rows.tolist() for rows in part.series()] == [[0, 1]]
    assert "line 4: " not in catch_error(tmp_path, text)
    assert catch_error(tmp_path, text).startswith(
        "log.csv:4: column time: 0 is earlier than line 3:"
    )


def test_labels(tmp_path: Path) -> None:
    text = "time,temp,hum,status,Class\n0,1,1,,x\n1,1,1,,\n"
    log = make_log(tmp_path, text, label="class")
    assert log.label is not None
    assert (log.label.tolist(), log.label_name) == (["x", None], "Class")
    assert make_log(tmp_path, text).label is None  # the column status says nothing
    label = make_log(tmp_path, text, label="status").label
    assert label is not None
    assert label.tolist() == [None, None]


def test_gzip(tmp_path: Path) -> None:
    assert len(make_log(tmp_path, gzip.compress((HEAD + ROWS).encode()))) == 3
    data = gzip.compress((HEAD + ROWS).encode())[:-9]
    message = "log.csv: damaged gzip file: copy or download it again"
    assert catch_error(tmp_path, data) == message


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("180,warm,40,a", f"3: column temperature: 'warm' is not a number: {CURE}"),
        ("180,inf,40,a", f"3: column temperature: 'inf' is not a number: {CURE}"),
        ("180,1_0,40,a", f"3: column temperature: '1_0' is not a number: {CURE}"),
        (
            '180,"21,5",40.0,a',
            "3: column temperature: '21,5': the column mixes decimal points and commas: "
            "use one of them",
        ),
        (
            "180,500,40,a",
            f"3: column temperature: 500 is outside -60..150 degrees Celsius: {CURE}",
        ),
        ("180,21 m,40,a", f"3: column temperature: '21 m' is not a number: {CURE}"),
        ("180,21 %,40,a", f"3: column temperature: '21 %' is in %, another unit: {CURE}"),
        (
            "180,-61,40,a",
            f"3: column temperature: -61 is outside -60..150 degrees Celsius: {CURE}",
        ),
        ("180,21,140,a", f"3: column humidity: 140 is outside 0..100 %RH: {CURE}"),
        ("180,21,-1,a", f"3: column humidity: -1 is outside 0..100 %RH: {CURE}"),
        (
            "-9,21,40,a",
            "3: column time: -9 is earlier than line 2: sort the rows by time, "
            "or name the column that tells nodes apart with --group",
        ),
        (
            "0,21,40,a",
            "3: column time: 0 is the same time as line 2: remove one of the two rows, "
            "or name the column that tells nodes apart with --group",
        ),
        (
            "2015-02-04T17:51:00Z,21,40,a",
            "3: column time: 2015-02-04T17:51:00Z and 0 mix units: "
            "write every time in seconds, or every time in ISO 8601",
        ),
        (
            "noon,21,40,a",
            "3: column time: 'noon' is not a time: "
            "write ISO 8601 such as 2015-02-04T17:51:00Z, or seconds, "
            "or say its format with --date-format",
        ),
        (
            ",21,40,a",
            "3: column time: the time is missing: "
            "write ISO 8601 such as 2015-02-04T17:51:00Z, or seconds",
        ),
        (
            "1423072260000,21,40,a",
            "3: column time: 1423072260000 and 0 mix units: "
            "write every time in seconds, or every time in ISO 8601",
        ),
        ("180,21", "3: 2 cells where the header has 4: complete or remove the row"),
        ("180,21,40,a,b", "3: 5 cells where the header has 4: complete or remove the row"),
        ('180,21,40,"a', "3: unexpected end of data: check the quotes in this row"),
    ],
)
def test_bad_rows(tmp_path: Path, row: str, message: str) -> None:
    assert catch_error(tmp_path, HEAD + "0,21.0,40,a\n" + row + "\n") == "log.csv:" + message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": is empty: it needs a header and a row for each reading"),
        ("\n \n", ": is empty: it needs a header and a row for each reading"),
        (HEAD, ": no rows below the header: it needs a row for each reading"),
        (
            "0,21,40\n1,21,40\n",
            ":1: no header: name the columns with --columns time,temperature,humidity,status, "
            "or put such a line above the rows",
        ),
        (
            "x,temp,hum\n0,1,1\n",
            ":1: no time column: name it with --time, or say how often a row was written, "
            "--period 60s; columns found: x, temp, hum",
        ),
        (
            "time,heat,hum\n0,1,1\n",
            ":1: no temperature column: name it with --temperature COLUMN; "
            "columns found: time, heat, hum",
        ),
        (
            "time,temp,wet\n0,1,1\n",
            ":1: no humidity column: name it with --humidity COLUMN; "
            "columns found: time, temp, wet",
        ),
        (
            "time,temp,temp_c,hum\n0,1,1,1\n",
            ":1: columns temp and temp_c look like the temperature: "
            "choose with --temperature temp",
        ),
        ("time,temp,Temp,hum\n0,1,1,1\n", ":1: two columns named temp: rename or remove one"),
        (b"time,temp,hum\n0,1,1\n1,\xe9,1\n", f":3: column temp: '\xe9' is not a number: {CURE}"),
        (
            b"time,temp,hum\n0,\x001,1\n",
            ":2: binary data: name a text file, .xlsx, .parquet or a SQLite file, or the encoding "
            "of a text with --encoding",
        ),
        (
            "time,temp,hum\n0,81,40\n1,90,40\n2,79,40\n",
            ": column temp: most values are in 81..90: looks like Fahrenheit: say --unit F, "
            "or --unit C if it is Celsius",
        ),
    ],
)
def test_bad_files(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert catch_error(tmp_path, text) == "log.csv" + message


@pytest.mark.parametrize("step", [1, -1])
def test_a_change_of_unit(tmp_path: Path, step: int) -> None:
    celsius = [f"{21 + i / 10:.1f}" for i in range(8)]
    fahrenheit = [f"{70.5 + i / 10:.1f}" for i in range(8)]
    cells = (celsius + fahrenheit)[::step]
    text = "time,temp,hum\n" + "".join(f"{i},{cell},40\n" for i, cell in enumerate(cells))
    message = catch_error(tmp_path, text)
    assert message.startswith("log.csv:10: column temp: mixed units, ")
    assert message.endswith("between Celsius and Fahrenheit: convert all rows to Celsius")


def test_a_hot_spell_is_no_change_of_unit(tmp_path: Path) -> None:
    cells = ["21.0"] * 8 + ["69.8"] * 8 + ["21.0"] * 8
    text = "time,temp,hum\n" + "".join(f"{i},{cell},40\n" for i, cell in enumerate(cells))
    assert len(make_log(tmp_path, text)) == 24


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"label": "statsu"},
            "no column statsu: did you mean status? name one with --label; "
            "columns: time, temperature, humidity, status",
        ),
        (
            {"group": "qqq"},
            "no column qqq: name one with --group; columns: time, temperature, humidity, status",
        ),
        (
            {"split": ""},
            "no column : name one with --split-col; columns: time, temperature, humidity, status",
        ),
        (
            {"label": "humidity"},
            "--label humidity is the humidity column: name another with --label; "
            "columns: time, temperature, humidity, status",
        ),
    ],
)
def test_named_columns_must_be_there(
    tmp_path: Path, options: dict[str, str], message: str
) -> None:
    assert catch_error(tmp_path, HEAD + ROWS, **options) == "log.csv:1: " + message


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, message in (
        (tmp_path / "none.csv", "no such file: check the path"),
        (tmp_path, "is a directory: name a CSV file"),
        (pipe, "is not a regular file: name a CSV file"),
    ):
        with pytest.raises(InputError) as error:
            read_log(path)
        assert str(error.value) == f"{path}: {message}"
    with pytest.raises(InputError, match="cannot be read"):
        read_log("a\0b")


def test_written_logs_read_the_same(tmp_path: Path) -> None:
    text = "time,temp,hum,node,label\n0.25,-0.1,5,a,x\n0,ERROR,6,b,\n9.5,80,100,a,y\n"
    log = make_log(tmp_path, text)
    out = tmp_path / "out.csv"
    write_log(log, out)
    assert out.read_text() == (
        "time,node,temperature,humidity,status\n"
        "1970-01-01T00:00:00.250000Z,a,-0.1,5.0,x\n"
        "1970-01-01T00:00:00Z,b,,,\n"
        "1970-01-01T00:00:09.500000Z,a,80.0,100.0,y\n"
    )
    copy = read_log(out)
    assert log.label is not None
    assert copy.label is not None
    for one, two in (
        (log.time_s, copy.time_s),
        (log.t_dc, copy.t_dc),
        (log.h_pm, copy.h_pm),
        (log.valid, copy.valid),
        (log.node, copy.node),
        (log.label, copy.label),
    ):
        assert one.tolist() == two.tolist()


def test_nothing_half_written(tmp_path: Path) -> None:
    log = make_log(tmp_path, HEAD + ROWS)
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "folder", tmp_path / "none" / "out.csv"):
        with pytest.raises(InputError, match="cannot be written"):
            write_log(log, place)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "log.csv"]


def test_a_large_log_takes_few_steps_a_row(tmp_path: Path) -> None:
    # Calls are counted, not seconds: 14 a row. What looks at a row from all sides, or at all rows
    # for each, makes many more.
    path, rows = tmp_path / "log.csv", 40_000
    lines = (f"{i % 9},{31 * (i // 9)},{20 + i % 700 / 100:.2f},40,0\n" for i in range(rows))
    path.write_text("mote,s,temp_c,rh,label\n" + "".join(lines))
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        log = read_log(path)
    finally:
        sys.setprofile(None)
    assert calls < 30 * rows
    assert (len(log), len(log.series()), log.period_ms) == (rows, 9, 31000)
