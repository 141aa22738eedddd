"""edgewise forecast: a table, a picture, rows for the dashboard, one warning for a crossing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.command import edgewise
from tests.counts import WHOLE
from tests.forecast.days import DAY, HOUR_S, START_S, rows
from tests.shared import LIMIT_S

from edgewise.database import open_db
from edgewise.database.names import set_name
from edgewise.database.schema import events, forecast, reading
from edgewise.toolchain import extras

RUN = [sys.executable, "-m", "edgewise.cli.main", "forecast"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return edgewise("forecast", *arguments)


@pytest.fixture
def db(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    with engine.begin() as connection:
        connection.execute(reading.insert(), rows("warm", 3) + rows("young", 1))
    set_name(engine, "young", "Attic")
    engine.dispose()
    return url


def test_a_day_is_stored_and_what_crosses_a_limit_is_said_once(db: str, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    engine = open_db(db)
    set_name(engine, "warm", "Window, left", "lab")
    engine.dispose()
    full = "Window, left (warm)"
    arguments = ("--db", db, "--warn", "t>23.5", "--warn", "h<20", "--json")
    for run_number, columns in enumerate(("100", "80")):  # a terminal has at least 80
        result = edgewise("forecast", *arguments, "--picture", picture, COLUMNS=columns)
        assert result.returncode == 0, result.stderr
        event = f"event of {full}: t>23.5 expected at 18 Nov"
        assert (event in result.stderr) == (run_number == 0)
    assert f"{full}: warning: t>23.5 expected at 18 Nov" in result.stderr
    assert f"{full} h: " in result.stderr
    assert "left out: node Attic (young): readings in 24 hours" in result.stderr
    assert "->" in result.stderr and "A_forecast" in result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    answer = json.loads(result.stdout)
    forecasts = answer["forecasts"]
    names = {"node": "warm", "name": "Window, left", "room": "lab"}
    assert answer["names"] == {"warm": names}
    assert [(f["node"], f["channel"], f["model"]) for f in forecasts] == [
        ("warm", "t", "SeasonalNaive"),
        ("warm", "h", "SeasonalNaive"),
    ]
    assert [s["model"] for s in forecasts[0]["scores"]] == ["SeasonalNaive", "AutoETS", "Prophet"]
    engine = open_db(db)
    with engine.connect() as connection:
        forecast_rows = connection.execute(select(forecast).where(forecast.c.channel == "t")).all()
        (event_row,) = connection.execute(select(events)).all()
    engine.dispose()
    assert [row.yhat for row in forecast_rows] == pytest.approx(forecasts[0]["yhat"])
    assert [row.ts for row in forecast_rows] == forecasts[0]["ts"]
    assert forecast_rows[0].ts == START_S + 3 * DAY * HOUR_S + HOUR_S / 2
    payload = json.loads(event_row.payload)
    assert (event_row.node, event_row.event, payload["about"]) == ("warm", "forecast", "t>23.5")


@pytest.mark.skipif(not WHOLE, reason="seconds to import the forecasters: make test-all")
def test_it_goes_on_until_it_is_ended(db: str) -> None:
    process = subprocess.Popen([*RUN, "--db", db, "--stay"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while not (line := process.stderr.readline()).startswith("warm h:"):
        assert line, process.wait(LIMIT_S)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name either --db URL, --log"),
        (("--log", "a.csv", "--stay"), "--stay is for --db"),
        (("--db", "sqlite://", "--group", "mote"), "--group is for --log"),
        (("--log", "none.csv"), "none.csv"),
        (("--log", "a.csv", "--warn", "t=3"), "write such as 't>28'"),
        (("--log", "a.csv", "--warn", "t>nan"), "write such as 't>28'"),
        (("--log", "a.csv", "--picture", "a.gif"), "a name that ends in .png"),
        (("--db", "sqlite:///nowhere/a.db"), "database folder nowhere does not exist"),
    ],
)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2 and not result.stdout
    assert message in result.stderr and result.stderr.count("\n") == 1


def test_what_is_not_installed_is_named_with_the_cure(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prophet", None)  # an import of it fails
    result = run("--db", db)
    assert result.returncode == 1
    assert result.stderr.startswith("error: forecast is not installed (import of prophet halted")
    assert result.stderr.endswith(f"): run: {extras.command('forecast')}\n")
