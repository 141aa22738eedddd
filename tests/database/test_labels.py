"""Labelled periods as a log: the same object, the same rules, the same model as from a CSV."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, delete
from tests.command import edgewise
from tests.dashboard.past import failure, rooms, row, store
from typer.testing import CliRunner

from edgewise.cli.data import app as data_app
from edgewise.collector.retention import fold
from edgewise.database.labels import held_out, join_logs, log_sha256, read_labelled, rows_not_in
from edgewise.database.schema import label, reading
from edgewise.errors import InputError
from edgewise.logs.log import read_log
from edgewise.logs.writing import write_log
from edgewise.training import train

DAY_S = 86400
START_S = 1_700_006_400.0  # midnight


def teach(
    engine: Engine, node: str, from_s: float, to_s: float, cls: str, created_at: float = 1
) -> None:
    values = {"node": node, "from_ts": from_s, "to_ts": to_s, "cls": cls, "author": "test"}
    with engine.begin() as connection:
        connection.execute(label.insert().values(**values, created_at=created_at))


def test_it_is_the_log_that_a_file_gives(engine: Engine, tmp_path: Path) -> None:
    rows = rooms("b", 40, START_S) + rooms("a", 30, START_S)
    rows[5] |= failure()
    store(engine, rows)
    teach(engine, "a", START_S - 600, START_S, "warm")
    teach(engine, "b", START_S - 2400, START_S - 1200, "cold")
    labelled_log = read_labelled(engine)
    write_log(labelled_log, tmp_path / "log.csv")
    csv_log = read_log(tmp_path / "log.csv")
    for name in ("time_s", "node", "t_dc", "h_pm", "valid", "label"):
        assert np.array_equal(getattr(labelled_log, name), getattr(csv_log, name)), name
    assert labelled_log.period_ms == csv_log.period_ms == 60_000
    assert (~labelled_log.valid).sum() == 1
    assert [len(s) for s in labelled_log.series()] == [len(s) for s in csv_log.series()]


def test_a_period_ends_before_its_end_and_the_younger_wins(engine: Engine) -> None:
    store(engine, [row("a", i, START_S + 60 * i) for i in range(10)])
    teach(engine, "a", START_S + 60, START_S + 300, "old", created_at=1)
    teach(engine, "a", START_S + 120, START_S + 240, "new", created_at=2)
    labelled_log = read_labelled(engine)
    assert labelled_log.label is not None
    assert labelled_log.label.tolist() == [None, "old", "new", "new", "old"]


def test_no_time_and_the_same_time_are_left_out(engine: Engine) -> None:
    store(engine, [row("a", 1, START_S), row("a", 2, START_S, t=30.0), row("a", 3, None)])
    teach(engine, "a", START_S, START_S + 1, "warm")
    assert read_labelled(engine).time_s.tolist() == [START_S]


def test_only_the_nodes_that_were_asked_for(engine: Engine) -> None:
    with pytest.raises(InputError, match="label some in edgewise dashboard"):
        read_labelled(engine)
    store(engine, rooms("a", 5, START_S) + rooms("b", 5, START_S))
    teach(engine, "a", START_S - 300, START_S, "warm")
    teach(engine, "b", START_S - 300, START_S, "cold")
    assert set(read_labelled(engine, ["b"]).node) == {"b"}
    assert set(read_labelled(engine).node) == {"a", "b"}
    with pytest.raises(InputError, match="node c has no labelled period"):
        read_labelled(engine, ["a", "c"])


def test_the_last_days_of_each_class_are_held_out(engine: Engine) -> None:
    store(engine, [row("a", i, START_S + 3600 * i) for i in range(24 * 6)])
    for day in range(6):
        noon = START_S + DAY_S * day + DAY_S / 2
        teach(engine, "a", noon - DAY_S / 2, noon, "night")
        if day < 1:
            teach(engine, "a", noon, noon + DAY_S / 2, "day")
    fit, test = held_out(read_labelled(engine))
    assert fit.label is not None and test.label is not None
    ranges = {
        name: (fit.time_s[fit.label == name].max(), test.time_s[test.label == name].min())
        for name in ("night", "day")
    }
    assert ranges["night"][1] == START_S + 4 * DAY_S
    assert all(before < after for before, after in ranges.values())
    assert (test.label == "day").sum() == 4


def test_the_hash_follows_what_was_taught(engine: Engine) -> None:
    store(engine, rooms("a", 20, START_S))
    teach(engine, "a", START_S - 600, START_S, "warm")
    before = log_sha256(read_labelled(engine))
    assert log_sha256(read_labelled(engine)) == before
    teach(engine, "a", START_S - 300, START_S, "hot", created_at=2)
    assert log_sha256(read_labelled(engine)) != before


def test_train_from_a_database(engine: Engine, db: str, tmp_path: Path) -> None:
    store(engine, rooms("a", 600, START_S))
    teach(engine, "a", START_S - 60 * 600, START_S - 60 * 300, "fresh")
    teach(engine, "a", START_S - 60 * 298, START_S, "cosy")
    options = ("--max-nodes", "30")
    result = edgewise(
        "train", "--db", db, "--node", "a", "--out", tmp_path / "m", "--json", *options
    )
    assert result.returncode == 0, result.stderr
    info = json.loads(result.stdout)
    assert info["classes"] == ["cosy", "fresh"]
    assert info["metrics"]["test"]["accuracy"] == 1
    for bad_arguments, cure in (
        ([], "--db"),
        (["--label", "status", "--db", db], "are for a log"),
        (["--db", f"{db}-not-there"], "does not exist: check the path"),
        (["LOG.csv", "--node", "a"], "--group"),
    ):
        result = edgewise("train", *bad_arguments)
        assert (result.returncode, cure in result.stderr) == (2, True), result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "edgewise.db-not-there").exists()


def test_a_log_and_a_database_teach_together(engine: Engine, db: str, tmp_path: Path) -> None:
    store(engine, rooms("a", 400, START_S) + rooms("b", 400, START_S))
    teach(engine, "a", START_S - 60 * 400, START_S - 60 * 200, "fresh")
    teach(engine, "a", START_S - 60 * 198, START_S, "cosy")
    invoke = CliRunner().invoke
    log = tmp_path / "LOG.csv"
    for _ in range(2):  # the second replaces the first
        export_result = invoke(data_app, ["export", "--db", db, "--out", str(log)])
        assert export_result.exit_code == 0, export_result.output
    assert log.read_text().startswith("time,node,temperature,humidity,status\n")
    labelled_log = read_labelled(engine)
    csv_log = read_log(log)
    assert len(rows_not_in(csv_log, labelled_log)) == 0
    log.write_text(log.read_text().replace(",a,", ",c,"))
    joined_log = join_logs(labelled_log, rows_not_in(read_log(log), labelled_log))
    assert len(joined_log) == 2 * len(labelled_log)
    assert set(joined_log.node) == {"a", "c"}
    assert len(joined_log.series()) == 2
    arguments = ("--out", tmp_path / "m", "--max-nodes", "30", "--json")
    result = edgewise("train", log, "--db", db, *arguments)
    assert result.returncode == 0, result.stderr
    info = json.loads(result.stdout)
    assert info["classes"] == ["cosy", "fresh"]
    assert sorted(info["data_sha256"]) == ["LOG.csv", "database"]


def test_a_log_of_another_period_is_refused(engine: Engine) -> None:
    store(engine, rooms("a", 20, START_S) + [row("b", i, START_S + 5 * i) for i in range(20)])
    teach(engine, "a", START_S - 600, START_S, "warm")
    teach(engine, "b", START_S, START_S + 100, "warm")
    slow_log, fast_log = (read_labelled(engine, [name]) for name in "ab")
    with pytest.raises(InputError, match="a reading every 5 s, every 60 s in"):
        rows_not_in(fast_log, slow_log)


def test_one_class_or_too_little_is_said_in_a_line(engine: Engine) -> None:
    store(engine, rooms("a", 100, START_S))
    teach(engine, "a", START_S - 6000, START_S - 60, "warm")
    with pytest.raises(InputError, match="only the class 'warm'"):
        train(*held_out(read_labelled(engine)))
    teach(engine, "a", START_S - 60, START_S, "cold")
    with pytest.raises(InputError, match="'cold' has 1 readings, 10 are needed: label more"):
        train(*held_out(read_labelled(engine)))


def test_what_is_labelled_never_becomes_hours(engine: Engine) -> None:
    store(engine, rooms("a", 600, START_S))
    teach(engine, "a", START_S - 6000, START_S - 3000, "warm")
    before = read_labelled(engine)
    assert sum(fold(engine, 0, START_S + DAY_S)) == 550
    after = read_labelled(engine)
    assert after.time_s.tolist() == before.time_s[before.label == "warm"].tolist()
    with engine.begin() as connection:
        connection.execute(delete(reading))
    with pytest.raises(InputError, match="no readings in the labelled periods"):
        read_labelled(engine)
