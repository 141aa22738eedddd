"""An archive gives the very rows that its database gives: to train, to export, to forecast."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from tests.archive.past import NODES, START_S, fill, past, teach
from tests.archive.stores import make_folder
from tests.archive.test_archive import save
from tests.command import edgewise
from tests.counts import WHOLE
from tests.forecast.days import rows

from edgewise.archive import Archive, parse_archive
from edgewise.archive.reading import ArchiveReadings
from edgewise.archive.store import Store
from edgewise.database.labels import labelled_log, log_sha256
from edgewise.database.readings import DatabaseReadings, Readings, read_all
from edgewise.forecast.hourly import hourly_of_database, hourly_of_values
from edgewise.logs.log import Log

DAY_S = 86400


@pytest.fixture
def both(engine: Engine, archive_url: str) -> tuple[Readings, Readings]:
    for node in NODES[:2]:
        fill(engine, past(node))
        teach(engine, node, 3, 20, "old")
        teach(engine, node, 5.5, 9, "new")
        teach(engine, node, 50, 55, "it's")
    save(engine, archive_url)
    archive = ArchiveReadings(Archive(parse_archive(archive_url)))
    return DatabaseReadings(engine), archive


def check_same(a: Log, b: Log) -> None:
    assert len(a) > 30
    for name in ("time_s", "node", "t_dc", "h_pm", "valid", "line"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert a.period_ms == b.period_ms
    assert log_sha256(a) == log_sha256(b)


def test_the_rows_to_train_on_are_those_of_the_database(both: tuple[Readings, Readings]) -> None:
    database, archive = both
    for nodes in (None, [NODES[1]]):
        for since_s in (None, 4 * DAY_S, 30 * DAY_S):
            check_same(*(read_all(r, nodes, since_s) for r in both))
            if since_s != 4 * DAY_S:
                check_same(*(labelled_log(r, nodes, since_s) for r in both))
    assert database.newest_s(None) == archive.newest_s(None)
    log = labelled_log(archive, None, 30 * DAY_S)
    assert log.label is not None
    assert set(log.label) == {None, "it's"}  # the other labels are older


def test_forecasts_are_made_from_the_same_hours(engine: Engine, archive_url: str) -> None:
    fill(engine, past(NODES[1]))
    fill(engine, rows("cellar", 4, step_s=60))
    save(engine, archive_url)
    readings = ArchiveReadings(Archive(parse_archive(archive_url)))
    ours = hourly_of_database(engine)
    theirs = hourly_of_values(readings.url, readings.nodes(), None, readings.good_values)
    assert [(s.node, s.channel) for s in ours] == [(s.node, s.channel) for s in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert np.array_equal(a.ts, b.ts)
        # SQLite 3.43 and PostgreSQL round a mean in another way than the versions before
        assert np.allclose(a.y, b.y, rtol=1e-14, atol=0, equal_nan=True)


@pytest.mark.skipif(not WHOLE, reason="seconds to import the forecasters: make test-all")
def test_a_forecast_is_the_same(engine: Engine, archive_url: str, db: str, tmp_path: Path) -> None:
    fill(engine, rows("cellar", 12) + rows("attic", 1))
    save(engine, archive_url)
    found = []
    for source in (("--archive", archive_url), ("--db", db)):
        run = edgewise("forecast", *source, "--node", "cellar", "--prophet", "never", "--json")
        assert run.returncode == 0, run.stderr
        found.append(json.loads(run.stdout))
    assert found[0] == found[1]
    (tmp_path / "empty").mkdir()
    for node in ((), ("--node", "barn")):
        run = edgewise("forecast", "--archive", f"file:{tmp_path / 'empty'}", *node)
        assert (run.returncode, "error: " in run.stderr) == (2, True)
        assert f"file:{tmp_path / 'empty'}: no readings" in run.stderr


def test_an_export_has_the_same_bytes(
    both: tuple[Readings, Readings], archive_url: str, db: str, tmp_path: Path
) -> None:
    for more in ((), ("--since", "30d"), ("--node", NODES[1])):
        files = []
        for source in (("--db", db), ("--archive", archive_url)):
            files.append(tmp_path / f"{source[0]}.csv")
            run = edgewise("data", "export", *source, *more, "--out", files[-1])
            assert run.returncode == 0, run.stderr
        a, b = (file.read_bytes() for file in files)
        assert a == b
        assert a.count(b"\n") > 100


def test_only_the_months_of_the_question_are_fetched(
    both: tuple[Readings, Readings], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[str] = []
    read = Store.read

    def count(store: Store, path: str) -> bytes | None:
        paths.append(path)
        return read(store, path)

    monkeypatch.setattr(Store, "read", count)
    first_s = START_S + 33 * DAY_S
    both[1].values(NODES[0], first_s, first_s + 5 * DAY_S, any_clock=False)
    assert [path.split("/")[2] for path in paths] == ["month=2026-04"]


def test_an_archive_that_has_nothing_says_so(tmp_path: Path) -> None:
    url = make_folder(tmp_path)
    for command in (
        ("train", "--archive", url, "--unlabelled", "--out", tmp_path / "m"),
        ("train", "--archive", url, "--out", tmp_path / "m"),
        ("data", "export", "--archive", url, "--out", tmp_path / "l.csv"),
    ):
        run = edgewise(*command)
        assert run.returncode == 2, command
        assert run.stderr.count("\n") == 1, run.stderr
        assert "an archive: no " in run.stderr, run.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["an archive"]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("train --archive file:x --db sqlite:///a.db", "leave --db out"),
        ("train LOG.csv --since 7d", "--since is for --db and --archive"),
        ("train LOG.csv --node a", "--node is for --db and --archive"),
        ("train --archive file:nowhere", "archive file:nowhere: the folder does not exist"),
        ("data export --out l.csv", "name either --db URL or --archive URL"),
        ("forecast --archive file:x --log a.csv", "name either --db URL, --log LOG.csv or"),
        ("forecast --archive file:x --stay", "--stay is for --db"),
        ("collect --serial x --db sqlite:///a.db --archive file:x", "--archive is for --keep"),
    ],
)
def test_options_that_do_not_fit(command: str, text: str, tmp_path: Path) -> None:
    run = edgewise(*command.split(), cwd=tmp_path)
    assert run.returncode == 2
    assert text in run.stderr
    assert list(tmp_path.iterdir()) == []
