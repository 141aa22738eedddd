"""PostgreSQL: readings in partitions of a month, whatever comes twice, late, or meanwhile."""

from __future__ import annotations

import calendar
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from tests.counts import WHOLE, count
from tests.shared import LIMIT_S

from edgewise.collector import old_months, storing
from edgewise.collector.identity import Lives
from edgewise.collector.retention import Keeper, fold
from edgewise.collector.storing import empty_rows, insert
from edgewise.database import open_db
from edgewise.database.months import attached_months, make_months
from edgewise.database.schema import label, reading, reading_hour
from edgewise.urls import check_db

on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
DAY_S = 86400
MONTH = count(900, 43_200)  # readings, one a minute
WRITTEN = 20_000  # readings, before and while months are folded
NOVEMBER_S, DECEMBER_S, JANUARY_S = (
    float(calendar.timegm((year, month, 1, 0, 0, 0)))
    for year, month in ((2026, 11), (2026, 12), (2027, 1))
)


def make_rows(n: int, node: str = "n", first_s: float = NOVEMBER_S) -> list[dict[str, Any]]:
    """A reading a minute; some have no time, some that of a clock that was never set."""
    rng = random.Random(node)
    rows = []
    for seq in range(n):
        is_failed, clock = rng.random() < 0.1, rng.choice([None] * 9 + ["unset"])
        now_s = first_s + 60 * seq
        ts = 1000.0 * seq if clock else None if rng.random() < 0.1 else now_s
        values = {"t": 18 + seq % 70 / 10, "h": 30 + seq % 300 / 10, "cls": "ab"[seq // 200 % 2]}
        values = dict.fromkeys(values) if is_failed else values
        key = {"node": node, "boot": 1, "seq": seq, "ts": ts, "late": 0, "received_at": now_s}
        rest = {"err": "timeout" if is_failed else None, "clock": clock}
        rows.append({**key, **values, **rest, "p": None, "u": None, "more": None})
    return rows


def store(engine: Engine, rows: list[dict[str, Any]]) -> int:
    with engine.begin() as connection:
        return insert(connection, {**empty_rows(), "reading": rows}, Lives())


def count_readings(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(reading)).scalar_one())


def read_hours(engine: Engine) -> list[dict[str, Any]]:
    query = select(reading_hour).order_by(reading_hour.c.node, reading_hour.c.hour_ts)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def places(engine: Engine) -> dict[str, int]:
    """How many readings are in which partition."""
    query = text("SELECT tableoid::regclass::text, count(*) FROM reading GROUP BY 1 ORDER BY 1")
    with engine.connect() as connection:
        return {str(name): int(n) for name, n in connection.execute(query)}


@pytest.fixture
def months(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An engine, and a function that sets the time of the collector."""
    engine = open_db(url)

    def set_time(now_s: float) -> None:
        monkeypatch.setattr(storing.time, "time", lambda: now_s)
        make_months(engine, now_s)

    set_time(NOVEMBER_S)
    return engine, set_time


@on_postgresql
def test_a_reading_is_one_row_whenever_it_comes_again(months: Any) -> None:
    engine, set_time = months
    rows = make_rows(3000)
    assert store(engine, rows[:1500]) == 1500
    set_time(DECEMBER_S + DAY_S)
    assert store(engine, rows) == 1500
    assert store(engine, [{**row, "ts": DECEMBER_S} for row in rows]) == 0
    assert count_readings(engine) == 3000
    # the block that November began has 1,024 numbers from 1024 on
    assert places(engine) == {"reading_202611": 2048, "reading_202612": 952}


@on_postgresql
def test_a_month_without_a_partition_has_a_place(months: Any) -> None:
    engine, _ = months
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storing.time, "time", lambda: NOVEMBER_S - 1)  # before all of them
        assert store(engine, make_rows(10, "before")) == 10
        patch.setattr(storing.time, "time", lambda: NOVEMBER_S + 4000 * DAY_S)  # a clock jumps
        assert store(engine, make_rows(10, "after")) == 10
    assert places(engine) == {"reading_202612": 10, "reading_kept": 10}


@on_postgresql
def test_partitions_are_made_ahead_once(url: str) -> None:
    engines = [open_db(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda engine: make_months(engine, DECEMBER_S), engines))
    make_months(engines[0], JANUARY_S - 1)
    with engines[0].connect() as connection:
        assert attached_months(connection) == [202612, 202701]


@on_postgresql
def test_a_reader_that_takes_long_delays_neither_a_new_month_nor_readings(months: Any) -> None:
    engine, set_time = months
    store(engine, make_rows(10))
    with engine.connect() as reader:
        reader.execute(select(reading)).all()  # its transaction stays open
        set_time(DECEMBER_S)
        assert store(engine, make_rows(10, "other")) == 10
    assert places(engine) == {"reading_202611": 10, "reading_202612": 10}


def fold_all(engine: Engine, keep_s: float, now_s: float) -> int:
    return sum(fold(engine, keep_s, now_s))


@on_postgresql
def test_a_month_folds_to_the_same_hours_as_its_rows(months: Any, tmp_path: Path) -> None:
    engine, set_time = months
    plain = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    rows = make_rows(MONTH) + make_rows(MONTH, "'; DROP TABLE reading; --")
    rng = random.Random(2)
    rng.shuffle(rows)
    period = {"node": "n", "cls": "a", "author": "me", "created_at": 0.0}
    period |= {"from_ts": NOVEMBER_S + 1000, "to_ts": NOVEMBER_S + 9000}
    for one in (engine, plain):
        with one.begin() as connection:
            connection.execute(label.insert(), period)
        store(one, rows[: MONTH // 3])
        fold_all(one, DAY_S, NOVEMBER_S + 2 * DAY_S)  # those are hours already, and joined
        store(one, rows[MONTH // 3 :])
    set_time(JANUARY_S)
    counts = [fold_all(one, 0, DECEMBER_S + DAY_S) for one in (engine, plain)]
    assert counts[0] == counts[1] > MONTH
    assert count_readings(engine) == count_readings(plain) > 100  # the labelled ones
    assert list(places(engine)) == ["reading_kept"]
    with engine.connect() as connection:
        assert attached_months(connection) == [202612, 202701, 202702]
    for ours, theirs in zip(read_hours(engine), read_hours(plain), strict=True):
        assert ours == pytest.approx(theirs)
    store(engine, rows)  # of those that are left none is doubled
    assert count_readings(engine) == len(rows)


@pytest.mark.parametrize("is_kept", [True, False])
@on_postgresql
def test_a_fold_that_was_killed_is_done_later(
    months: Any, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    engine, set_time = months
    store(engine, make_rows(3000))
    set_time(JANUARY_S)

    def kill(connection: Connection, name: str, limit_s: float) -> int:
        real_fold(connection, name, limit_s)
        raise KeyboardInterrupt

    real_fold = old_months._fold
    monkeypatch.setattr(old_months, "_fold", kill)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fold_all(engine, 0, JANUARY_S)
    assert (read_hours(engine), count_readings(engine)) == ([], 0)
    monkeypatch.setattr(old_months, "_fold", real_fold)
    if not is_kept:  # the next collect has no --keep: they are readings again
        with Keeper(engine, None, None, print):
            assert count_readings(engine) == 3000
    assert fold_all(engine, 0, JANUARY_S) == 3000 == sum(hour["n"] for hour in read_hours(engine))
    assert count_readings(engine) == 0
    with engine.connect() as connection:
        blocks = connection.scalar(text("SELECT count(*) FROM reading_block"))
        assert blocks == (0 if is_kept else 3)  # those of month 0 go with the next month


@pytest.mark.skipif(not WHOLE, reason="threads for seconds: in make test-all")
@on_postgresql
def test_months_are_folded_while_others_write_and_fold(months: Any) -> None:
    engine, set_time = months
    rows = make_rows(2 * WRITTEN)
    store(engine, rows[:WRITTEN])
    set_time(JANUARY_S)
    ended = threading.Event()

    def write() -> None:
        # late ones, in blocks of the month that goes
        for start in range(WRITTEN, len(rows), 50):
            store(engine, rows[start : start + 50])
        ended.set()

    def keep() -> int:
        n = 0
        while not ended.is_set():
            n += fold_all(engine, 0, JANUARY_S)
        return n

    with ThreadPoolExecutor(3) as pool:
        keepers = [pool.submit(keep) for _ in range(2)]
        pool.submit(write).result(LIMIT_S)
        n = sum(keeper.result(LIMIT_S) for keeper in keepers)
    n += fold_all(engine, 0, JANUARY_S)
    assert n == len(rows) == sum(hour["n"] for hour in read_hours(engine))


@on_postgresql
def test_a_month_without_readings_is_dropped(months: Any) -> None:
    engine, set_time = months
    store(engine, make_rows(10))
    set_time(JANUARY_S)
    old_months.drop_empty_months(engine, JANUARY_S)  # December has none
    assert places(engine) == {"reading_202611": 10}
    with engine.begin() as connection:
        assert attached_months(connection) == [202611, 202701, 202702]
        connection.execute(reading.delete())  # folded, as an archive has them
    old_months.drop_empty_months(engine, JANUARY_S)
    with engine.connect() as connection:
        assert attached_months(connection) == [202701, 202702]
    assert store(engine, make_rows(10)) == 10  # one that comes late has a place


@on_postgresql
def test_a_database_of_before_keeps_its_rows_and_its_readers(url: str) -> None:
    engine = create_engine(check_db(url))
    config = Config()
    config.set_main_option("script_location", "edgewise:database")
    rows = make_rows(3000)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
        connection.execute(reading.insert(), rows)
        connection.execute(text("DROP ROLE IF EXISTS grafana"))
        connection.execute(text("CREATE ROLE grafana"))
        connection.execute(text("GRANT USAGE ON SCHEMA public TO grafana"))
        connection.execute(text("GRANT SELECT ON reading TO grafana"))
        connection.execute(text("GRANT SELECT ON reading TO PUBLIC"))
        view = r"CREATE VIEW named AS SELECT node || '%\:' AS name, count(*) AS n FROM reading"
        connection.execute(text(f"{view} GROUP BY node"))
    engine.dispose()
    engine = open_db(url)
    make_months(engine, NOVEMBER_S)
    assert count_readings(engine) == 3000
    assert store(engine, [*rows, *make_rows(4000)[3000:]]) == 1000
    assert places(engine)["reading_kept"] > 3000  # the block that had begun
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT sum(n) FROM named")) == 4000
        connection.execute(text("SET LOCAL ROLE grafana"))
        assert connection.scalar(text("SELECT count(*) FROM reading_block"))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE grafana"))
        assert connection.scalar(text("SELECT count(*) FROM reading")) == 4000
        connection.execute(text("RESET ROLE"))
        connection.execute(text("DROP OWNED BY grafana; DROP ROLE grafana"))


@on_postgresql
def test_a_keeper_makes_the_partitions_before_the_first_reading(url: str) -> None:
    engine = open_db(url)
    lines: list[str] = []
    with Keeper(engine, None, None, lines.append):
        store(engine, make_rows(10))
    assert [name != "reading_kept" for name in places(engine)] == [True]
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE reading CASCADE"))
    with Keeper(engine, None, None, lines.append):
        pass
    assert len(lines) == 1 and "next try in an hour" in lines[0], lines
