"""`collect --keep --archive`: what is not in the archive is neither folded nor deleted."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from tests.archive.past import DAY_S, START_S, fill, past, teach
from tests.archive.stores import make_folder
from tests.archive.test_archive import read, stored
from tests.broker.mosquitto import free_port
from tests.counts import count
from tests.dashboard.past import row
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.archive import Archive, parse_archive, writing
from edgewise.collector import retention
from edgewise.collector.retention import Keeper, fold
from edgewise.database import open_db
from edgewise.database.schema import reading, reading_hour

KEEP_S = 10 * DAY_S
NOW_S = START_S + 70 * DAY_S  # the tenth of May: what is older than April may go
NEXT_MONTH_S = NOW_S + 31 * DAY_S


def keep(engine: Engine, url: str, now_s: float = NOW_S) -> int:
    return sum(fold(engine, KEEP_S, now_s, Archive(parse_archive(url))))


def count_hours(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(select(func.sum(reading_hour.c.n))) or 0)


def moment(row: dict[str, Any]) -> float:
    is_unset = row["ts"] is None or row.get("clock") == "unset"
    return float(row["received_at"] if is_unset else row["ts"])


@pytest.mark.parametrize("url", count(["sqlite"], ["sqlite", "postgresql"]), indirect=True)
def test_only_whole_months_that_are_archived_become_hours(url: str, tmp_path: Path) -> None:
    engine, archive_url = open_db(url), make_folder(tmp_path)
    rows = past("it's", 33) + past("cellar", 36)
    fill(engine, rows)
    teach(engine, "it's", 5, 6, "warm")
    before = {node: stored(engine, node) for node in ("it's", "cellar")}
    n_old = sum(moment(row) < START_S + 31 * DAY_S for row in rows)
    n_labelled = sum(
        START_S + 5 * DAY_S <= moment(row) < START_S + 6 * DAY_S
        for row in rows
        if row["node"] == "it's"
    )
    assert keep(engine, archive_url) == n_old - n_labelled
    assert count_hours(engine) == n_old - n_labelled
    for node, values in before.items():
        left = stored(engine, node)
        assert sorted({*left, *read(archive_url, node)}, key=repr) == values
    assert keep(engine, archive_url) == 0
    with engine.connect() as connection:
        times = connection.scalars(select(reading.c.ts).where(reading.c.node == "cellar")).all()
    assert min(ts for ts in times if ts is not None and ts > DAY_S) >= START_S + 31 * DAY_S


def test_late_readings_of_an_archived_month_follow(engine: Engine, archive_url: str) -> None:
    rows = past("attic", 33)
    fill(engine, rows[::2])
    keep(engine, archive_url)
    fill(engine, rows[1::2])
    keep(engine, archive_url)
    keep(engine, archive_url, NEXT_MONTH_S)
    assert read(archive_url, "attic") == sorted(
        (tuple(row.get(c.name) for c in reading.c) for row in rows if moment(row) < NOW_S),
        key=repr,
    )


def test_a_reading_that_comes_meanwhile_waits_for_the_next_time(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, rows = make_folder(tmp_path), past("attic", 20)
    fill(engine, rows[1:])
    hold = writing.hold

    def hold_and_get_one(*arguments: Any) -> Any:
        held = hold(*arguments)
        fill(engine, rows[:1])
        return held

    monkeypatch.setattr(writing, "hold", hold_and_get_one)
    n_folded = keep(engine, url)
    monkeypatch.undo()
    assert stored(engine, "attic")[0][2] == 1
    assert 1 not in {row[2] for row in read(url, "attic")}
    assert keep(engine, url) == 1
    assert 1 in {row[2] for row in read(url, "attic")}
    assert count_hours(engine) == n_folded + 1


def test_it_goes_on_while_the_store_is_away(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_folder(tmp_path)
    folder, away = tmp_path / "an archive", tmp_path / "away"
    folder.rename(away)  # a disk that is not mounted
    fill(engine, past("attic"))
    before = stored(engine, "attic")
    lines: list[str] = []
    tries: list[int] = []
    monkeypatch.setattr(retention, "time", SimpleNamespace(time=lambda: NOW_S))
    archive = Archive(parse_archive(url))

    class Clock:
        """Hours that pass at once; the disk comes back before the fourth."""

        def __init__(self) -> None:
            self.is_ended = False

        def set(self) -> None:
            self.is_ended = True

        def wait(self, seconds: float) -> bool:
            if seconds == retention.HOUR_S:
                tries.append(len(stored(engine, "attic")))
                if len(tries) == 3:
                    shutil.move(away, folder)
            return self.is_ended or len(tries) == 5

    keeper = Keeper(engine, KEEP_S, None, lines.append, archive)
    keeper._stopping = Clock()  # type: ignore[assignment]
    with keeper:
        wait_until(lambda: not keeper._thread.is_alive())
    assert tries[:3] == [len(before)] * 3
    assert tries[3] == tries[4] < len(before)
    assert lines == [
        f"archive {url}: the folder does not exist: create it, or mount its disk; what is not "
        "archived stays, next try in an hour",
        "the archive is back",
        f"{len(before) - tries[3]} old readings are hours now",
    ]


def test_the_collector_does_it_while_it_runs(engine: Engine, db: str, tmp_path: Path) -> None:
    url, log, tokens = make_folder(tmp_path), tmp_path / "log", tmp_path / "tokens"
    first_s = time.time() - 100 * DAY_S
    fill(engine, [row("attic", i, first_s + i) for i in range(50)])
    fill(engine, [row("attic", 50, time.time())])
    tokens.touch(0o600)
    tokens.write_text("attic:0123456789abcdef\n")
    http = ("--http", f"127.0.0.1:{free_port()}", "--token-file", str(tokens))
    keep = ("--keep", "30d", "--archive", url)
    collector = Forked("collect", "--db", db, *http, *keep, log=log)
    try:
        wait_until(lambda: "50 old readings are hours now" in log.read_text(), log.read_text)
    finally:
        collector.terminate()
    assert collector.wait(LIMIT_S) == 0
    assert [r[2] for r in stored(engine, "attic")] == [50]
    assert sorted(r[2] for r in read(url, "attic")) == list(range(50))
