"""Hours of a log and of both databases are the same, whatever was folded or failed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tests.database.databases import server, url  # noqa: F401 - fixtures
from tests.forecast.days import DAY, HOUR_S, START_S, rows

from edgewise.collector.retention import fold
from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.errors import InputError
from edgewise.forecast.hourly import hourly_of_database, hourly_of_log
from edgewise.logs.log import read_log


def write_csv(path: Path, readings: list[dict[str, object]]) -> Path:
    lines = ["time,node,temperature,humidity"]
    for row in readings:
        cells = (row[name] for name in ("ts", "node", "t", "h"))
        lines.append(",".join("" if cell is None else str(cell) for cell in cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_log_and_a_database_say_the_same_hours(url: str, tmp_path: Path) -> None:  # noqa: F811
    readings = rows("n", 3)
    for row in readings[6:15]:  # the second hour has none, of the third half is left
        row.update(t=None, h=None, err="timeout")
    values = {"boot": 2, "received_at": readings[-1]["ts"]}
    future_rows = [{**readings[-1], **values, "seq": 1, "ts": START_S + 9e8}]
    clockless_rows = [{**readings[-1], **values, "seq": 2, "ts": None}]
    engine = open_db(url)
    with engine.begin() as connection:
        connection.execute(reading.insert(), readings + future_rows + clockless_rows)
    file_series = hourly_of_log(read_log(write_csv(tmp_path / "a.csv", readings)))
    for _ in range(2):
        table_series = hourly_of_database(engine)
        assert [(s.node, s.channel) for s in table_series] == [("n", "t"), ("n", "h")]
        for a, b in zip(file_series, table_series, strict=True):
            assert a.ts.tolist() == b.ts.tolist()
            np.testing.assert_allclose(a.y, b.y, rtol=1e-12)
        list(fold(engine, 0, now_s=START_S + 1.5 * DAY * HOUR_S))
    engine.dispose()
    first, second, third, *_ = file_series[0].y
    assert file_series[0].ts[0] == START_S + HOUR_S / 2
    assert first == pytest.approx(np.mean([r["t"] for r in readings[:6]]))
    assert math.isnan(second) and third == pytest.approx(
        np.mean([r["t"] for r in readings[15:18]])
    )


def test_what_is_not_there_is_named(url: str, tmp_path: Path) -> None:  # noqa: F811
    engine = open_db(url)
    with pytest.raises(InputError, match="no readings: edgewise collect"):
        hourly_of_database(engine)
    with engine.begin() as connection:
        connection.execute(reading.insert(), rows("n", 1))
    with pytest.raises(InputError, match="no readings of node m"):
        hourly_of_database(engine, "m")
    engine.dispose()
    with pytest.raises(InputError, match=r"a\.csv: no node m: it has n"):
        hourly_of_log(read_log(write_csv(tmp_path / "a.csv", rows("n", 1))), "m")


def test_only_the_last_weeks_count(tmp_path: Path) -> None:
    series = hourly_of_log(read_log(write_csv(tmp_path / "a.csv", rows("n", 40, step_s=1800))))[0]
    assert len(series.y) == 28 * DAY
    assert series.ts[-1] == START_S + 40 * DAY * HOUR_S - HOUR_S / 2
