"""A detector's package: one class everywhere, and words for what it finds."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.command import edgewise
from tests.shared import LIMIT_S

from edgewise.collector import Collector, Writer
from edgewise.compile import recompile
from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.package.store import Package, load_package
from edgewise.prediction.predict import predict_c, predict_log, predict_micropython
from edgewise.simulator.fleet import Fleet
from edgewise.training.detector import Detector, Limit
from edgewise.unusual.words import describe_limit, describe_value
from edgewise.urls import parse_broker


@pytest.fixture
def copied(detector_package: Package, tmp_path: Path) -> Path:
    return Path(shutil.copytree(detector_package.path, tmp_path / "room"))


def change(folder: Path, facts: Any) -> None:
    """Give model.json of ``folder`` other facts of its detector."""
    info = json.loads((folder / "model.json").read_text())
    info["detector"] = facts
    (folder / "model.json").write_text(json.dumps(info))


def test_words() -> None:
    assert (
        describe_value(Limit("h_range_5", 1400, 2700), 2710, 60_000)
        == "humidity moved 27.1 % in 5 min, usual is up to 14 %"
    )
    assert (
        describe_limit(Limit("h_range_5", 1400, 2700), 60_000)
        == "humidity moves up to 14 % in 5 min; alarm above 27 %"
    )
    assert (
        describe_limit(Limit("t_range_2", 10, 30), 5_000)
        == "temperature moves up to 0.1 C from one reading to the next; alarm above 0.3 C"
    )
    assert (
        describe_value(Limit("t_since", 40, 90), 120, 60_000)
        == "temperature did not change for 2 h, usual is up to 40 min"
    )


def test_the_package_is_small_and_names_its_limits(detector_package: Package) -> None:
    info = detector_package.info
    assert detector_package.classes == ["normal", "unusual"]
    assert (detector_package.filters, detector_package.max_delta) == ([], (0, 0))
    assert info["table_bytes"] <= 1024
    assert {"python-table", "emlearn-c"} < set(info["checked"]["runtimes"])
    assert info["checked"]["thresholds"] == len(detector_package.features)
    detector = Detector.from_info(info)
    assert detector is not None
    assert [limit.feature for limit in detector.limits] == detector_package.features
    assert detector.chosen.episodes <= detector.chosen.days / 7
    assert detector.test.per_week is not None
    page = (detector_package.path / "report.html").read_text()
    for limit in detector.limits:
        assert describe_limit(limit, detector_package.period_ms) in page
    assert "False alarms" in page and "held out, to choose the limits" in page


def test_every_runtime_says_the_same(detector_package: Package, event_log: Log) -> None:
    expected = predict_log(detector_package, event_log)
    assert {0, 1} == set(expected.cls.tolist())
    for run in (predict_micropython, predict_c):
        assert run(detector_package, event_log).cls.tolist() == expected.cls.tolist()


def test_each_event_is_an_episode_with_its_words(
    detector_package: Package, event_path: Path, event_log: Log, tmp_path: Path
) -> None:
    result = edgewise(
        "predict", detector_package.path, event_path, "--out", tmp_path / "c.csv", "--json"
    )
    assert result.returncode == 0, result.stderr
    spike, shower, stuck = episodes = json.loads(result.stdout)["episodes"]
    assert f"{len(episodes)} unusual episodes\n" in result.stderr
    for episode in episodes:
        assert episode["words"] in result.stderr
        assert episode["strength"] > 1
    assert (spike["feature"], spike["start"]) == ("t_range_2", "2023-12-04T04:00:00Z")
    assert spike["words"].startswith("temperature moved 12")
    assert "from one reading to the next, usual is up to" in spike["words"]
    assert shower["feature"].startswith("h_range_")
    assert shower["start"] >= "2023-12-04T08:20:00Z"
    assert stuck["words"].startswith("temperature did not change for 6.3 h, usual is up to")
    rows = list(csv.DictReader((tmp_path / "c.csv").read_text().splitlines()))
    unusual = [row["time"] for row in rows if row["class"] == "unusual"]
    assert (unusual[0], unusual[-1]) == (spike["start"], stuck["end"])
    assert len(unusual) == sum(episode["readings"] for episode in episodes)


def test_the_command_says_limits_false_alarms_and_what_is_too_short(
    ordinary_path: Path, tmp_path: Path
) -> None:
    lines = ordinary_path.read_text().splitlines()[:721]
    path = tmp_path / "log.csv"
    labels = ["status", *("open" if i % 9 else "closed" for i in range(720))]
    path.write_text("\n".join(map(",".join, zip(lines, labels, strict=True))) + "\n")
    result = edgewise(
        *("train", path, "--unlabelled", "--false-alarms", "2/day", "--json"),
        *("--out", tmp_path / "room"),
    )
    assert result.returncode == 0, result.stderr
    info = json.loads(result.stdout)
    assert info["detector"]["wanted_per_week"] == 14
    assert info["detector"]["chosen"]["days"] == pytest.approx(0.7, abs=0.01)
    for text in (
        "humidity moves up to ",
        "; alarm above ",
        "wanted at most 2/day\n",
        "0.7 days of readings are few for 14 a week: no limit is below 1/8 of the limits for any ",
        "too short to promise 2/day: 0.7 days to choose on, 2 are needed: record 3 days in all ",
        "label closed: ",
        " readings are unusual\n",
    ):
        assert text in result.stderr
    assert edgewise("inspect", tmp_path / "room").returncode == 0
    report = edgewise("report", tmp_path / "room")
    assert report.stdout.count("; alarm above ") == len(info["detector"]["limits"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--unlabelled --false-alarms soon", "--false-alarms soon: a number above 0 and a time"),
        ("--false-alarms soon", "--false-alarms soon: a number above 0 and a time"),
        ("--generic", "--generic is for --unlabelled: give both"),
        (
            "--unlabelled --generic --false-alarms 1/week",
            "--generic has fixed limits: leave --false-alarms out",
        ),
        ("--since 7d", "--since is for --db and --archive: cut the log, or leave --since out"),
        ("--unlabelled --since 7d", "--since is for --db and --archive: cut the log, or leave"),
        (
            "--unlabelled --levels off",
            "--unlabelled: a detector is small and sees raw readings: leave ",
        ),
        (
            "--unlabelled --max-nodes 9",
            "--unlabelled: a detector is small and sees raw readings: leave ",
        ),
        ("--unlabelled --db sqlite:///x.db", "--unlabelled learns from a log, --db or --archive"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: str, message: str, ordinary_path: Path, tmp_path: Path
) -> None:
    result = edgewise("train", ordinary_path, *arguments.split(), "--out", tmp_path / "room")
    assert (result.returncode, result.stdout) == (2, "")
    assert f"error: {message}" in result.stderr
    assert not (tmp_path / "room").exists()


def test_the_readings_of_a_database(
    db: str, empty_file: Path, ordinary_path: Path, tmp_path: Path
) -> None:
    shutil.copyfile(empty_file, tmp_path / "edgewise.db")
    rows = [line.split(",") for line in ordinary_path.read_text().splitlines()[1:]]
    engine = open_db(db)
    with engine.begin() as connection:
        connection.execute(
            reading.insert(),
            [
                {
                    "node": "attic",
                    "boot": 1,
                    "seq": i,
                    "ts": float(ts),
                    "t": float(t),
                    "h": float(h),
                    "late": 0,
                    "received_at": float(ts),
                    "clock": "ahead" if i == 0 else None,
                }
                for i, (ts, t, h) in enumerate(rows)
            ],
        )
    engine.dispose()
    options = ("--unlabelled", "--json", "--out", tmp_path / "room")
    result = edgewise("train", "--db", db, "--since", "3d", "--node", "attic", *options)
    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)["detector"]
    assert facts["chosen"]["days"] + facts["test"]["days"] == pytest.approx(3, abs=0.01)
    for arguments, message in (
        (["--since", "soon"], "'soon': write a time such as 36h, 90d, 12w or 5y"),
        (["--node", "cellar"], "no readings to train on"),
        (["--label", "status"], "--db has nodes of its own"),
    ):
        result = edgewise("train", "--db", db, *arguments, *options)
        assert (result.returncode, result.stdout) == (2, "")
        assert message in result.stderr


def test_limits_that_are_not_those_of_the_model_are_refused(
    copied: Path, detector_package: Package
) -> None:
    facts = detector_package.info["detector"]
    first, *others = facts["limits"]
    for limits in (
        [{**first, "limit": first["limit"] + 1}, *others],
        [{**first, "feature": others[0]["feature"]}, *others],
        others,
    ):
        change(copied, {**facts, "limits": limits})
        with pytest.raises(InputError, match=r"key detector differs from model\.bin: train again"):
            load_package(copied)
    for wrong in ({**facts, "limits": []}, {**facts, "k": 0}, {**facts, "more": 1}, [facts]):
        change(copied, wrong)
        with pytest.raises(InputError, match="key detector"):
            load_package(copied)


def test_compiled_again_it_is_the_same_detector(copied: Path, tmp_path: Path) -> None:
    info = recompile(load_package(copied), None, tmp_path / "again")
    assert info["detector"] == load_package(copied).info["detector"]
    assert "What is unusual" in (tmp_path / "again" / "report.html").read_text()


def test_a_node_reports_unusual(
    detector_package: Package, event_log: Log, broker: str, tmp_path: Path
) -> None:
    part = event_log.select(np.arange(60, 140))
    engine = open_db(f"sqlite:///{tmp_path / 'edgewise.db'}")
    url = parse_broker(broker)
    collector = Collector(url, Writer(engine))
    collector.start()
    try:
        outcome = Fleet(detector_package, [part], url, {}).simulate(LIMIT_S)
        assert collector.wait_for(lambda c: c.readings >= outcome.readings_taken, LIMIT_S)
    finally:
        collector.stop()
    with engine.connect() as connection:
        query = reading.select().order_by(reading.c.seq)
        said = [row.cls for row in connection.execute(query)]
    engine.dispose()
    host = predict_log(detector_package, part).cls
    assert said == [detector_package.classes[cls] for cls in host]
    assert said[59:61] == ["normal", "unusual"]
