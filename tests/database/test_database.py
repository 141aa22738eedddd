"""SQLite and a real PostgreSQL: made, adopted, brought up, and collected into."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, func, inspect, select, text
from tests.broker.mosquitto import Mosquitto, anonymous
from tests.collector.test_collector import publish, state
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Collector, Writer
from edgewise.database import open_db, opening
from edgewise.database.schema import events, metadata, reading, rejected, status
from edgewise.errors import EdgewiseError, InputError, OutsideError
from edgewise.urls import check_db, parse_broker

READING = {"node": "n1", "boot": 1, "seq": 1, "late": 0, "received_at": 1.0}
FIRST_TABLES = {"reading", "event", "diag", "label", "model", "rejected"}


def is_of_schema(thing: Any, _name: Any, kind: str, _reflected: bool, _twin: Any) -> bool:
    """Not what PostgreSQL alone has: partitions of the readings, see test_months.py."""
    table = thing.table if kind in ("column", "index") else thing
    is_partition = re.fullmatch(r"reading_(kept|block|\d{6})", str(getattr(table, "name", "")))
    return not (is_partition or thing.name in ("month", "reading_times"))


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        options = {"include_object": is_of_schema}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


def test_a_new_one_has_the_tables_of_the_schema(url: str) -> None:
    engine = open_db(url)
    assert differences(engine) == []
    assert differences(open_db(url)) == []
    with engine.connect() as connection:
        assert opening._version(connection) == opening.HEAD


def structure(engine: Engine) -> dict[str, object]:
    """What a table is made of, for each table."""
    found = inspect(engine)

    def parts(table: str) -> object:
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c["default"])
            for c in found.get_columns(table)
        ]
        indexes = [(i["name"], i["column_names"], i["unique"]) for i in found.get_indexes(table)]
        keys = found.get_pk_constraint(table)["constrained_columns"]
        return sorted(columns, key=str), sorted(indexes, key=str), keys

    return {table: parts(table) for table in found.get_table_names()}


def test_a_new_one_is_made_as_by_all_migrations(url: str) -> None:
    migrated = create_engine(check_db(url))
    config = Config()
    config.set_main_option("script_location", "edgewise:database")
    with migrated.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    step_by_step = structure(migrated)
    with migrated.begin() as connection:
        for table in step_by_step:
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    migrated.dispose()
    assert structure(open_db(url)) == step_by_step


def test_one_of_before_versions_is_adopted_with_its_rows(url: str) -> None:
    engine = open_db(url)
    with engine.begin() as connection:
        for name in sorted({*metadata.tables, "alembic_version"} - FIRST_TABLES):
            connection.execute(text(f"DROP TABLE {name}"))
        for name in ("reading", "reading_block"):
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
        reading.create(connection)
        for name in ("event_node_ts", "event_once", "diag_node", "reading_wrong_clock"):
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(reading.insert(), READING)
        connection.execute(text("ALTER TABLE event DROP COLUMN digest"))
        for column in ("clock", "u", "more"):
            connection.execute(text(f"ALTER TABLE reading DROP COLUMN {column}"))
        values = "('n1', 1, 1, 'reset', '{}', 1)"
        columns = "(node, boot, seq, event, payload, received_at)"
        connection.execute(text(f"INSERT INTO event {columns} VALUES {values}, {values}"))
    engine.dispose()
    engine = open_db(url)
    assert differences(engine) == []
    with engine.connect() as connection:
        assert connection.execute(select(reading.c.node)).scalars().all() == ["n1"]
        assert connection.execute(select(events.c.digest)).scalars().all() == [None, None]


def test_several_may_make_it_at_once(url: str) -> None:
    errors: list[EdgewiseError] = []

    def make() -> None:
        try:
            open_db(url).dispose()
        except EdgewiseError as e:
            errors.append(e)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    assert errors == []
    assert differences(open_db(url)) == []


def test_one_of_a_later_version_is_refused(url: str) -> None:
    engine = open_db(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match=r"of a later Edgewise \(9999\): upgrade Edgewise"):
        open_db(url)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("no database at all, but long enough to be read as one" * 20)
    with pytest.raises(OutsideError, match="file is not a database"):
        open_db(f"sqlite:///{tmp_path / 'a.db'}")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with anonymous(tmp_path) as broker:
        yield broker


def test_collected(url: str, broker: Mosquitto) -> None:
    engine = open_db(url)
    collector = Collector(parse_broker(broker.url), Writer(engine))
    collector.start()
    hostile = "'; DROP TABLE reading; --<script>"
    messages = [(f"edgewise/{hostile}/state", state(1, cls=hostile)), ("edgewise/n/state", "{")]
    messages += [("edgewise/n/state", state(seq)) for seq in (1, 2, 2, 3)]
    messages += [("edgewise/n/status", word) for word in ("online", "offline")]
    event = '{"ts":null,"boot":1,"seq":1,"event":"fault","from":"ok","to":"fault"}'
    messages += [("edgewise/n/event", event)] * 3 + [("edgewise/n/event", event.replace("1", "2"))]
    publish(broker.url, messages)
    assert collector.wait_for(lambda c: c.readings == 4 and c.duplicates == 1, LIMIT_S)
    assert collector.wait_for(lambda c: c.rejected == 1, LIMIT_S)
    collector.stop()
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(reading)).scalar_one() == 4
        rows = connection.execute(select(reading.c.cls).where(reading.c.node == hostile))
        assert rows.scalars().all() == [hostile]
        assert connection.execute(select(rejected.c.payload)).scalars().all() == ["{"]
        assert connection.execute(select(status.c.node, status.c.online)).all() == [("n", 0)]
        rows = connection.execute(select(events.c.boot).order_by(events.c.boot))
        assert rows.scalars().all() == [1, 2]


def test_a_database_that_is_locked_is_waited_for(tmp_path: Path, broker: Mosquitto) -> None:
    file = tmp_path / "a.db"
    engine = open_db(f"sqlite:///{file}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA busy_timeout=50"))  # of the pool's only connection
    lines: list[str] = []
    collector = Collector(parse_broker(broker.url), Writer(engine, say=lines.append))
    collector.start()
    locker = sqlite3.connect(file, isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    publish(broker.url, [("edgewise/n/state", state(seq)) for seq in range(10)])
    wait_until(lambda: lines)
    locker.execute("ROLLBACK")
    assert collector.wait_for(lambda c: c.readings == 10, LIMIT_S)
    collector.stop()
    assert "database is locked: waiting for it" in lines[0]
    assert lines[1:] == ["database: it is back"]


def test_a_group_shares_the_work(url: str, broker: Mosquitto) -> None:
    engine = open_db(url)
    broker_url = parse_broker(broker.url)
    collectors = [
        Collector(broker_url, Writer(engine), client_id=name, group="lab")
        for name in ("one", "two")
    ]
    for collector in collectors:
        collector.start()
    publish(broker.url, [("edgewise/n/state", state(seq)) for seq in range(400)])
    wait_until(lambda: sum(collector.counts.readings for collector in collectors) == 400)
    for collector in collectors:
        collector.stop()
    shares = [collector.counts for collector in collectors]
    assert all(counts.readings > 50 and counts.duplicates == 0 for counts in shares), shares


def test_the_file_of_another_program_stays_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,temperature,humidity\n0,21,40\n")
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE states (value)")
    connection.execute("CREATE TABLE alembic_version (version_num)")  # it uses Alembic, too
    connection.commit()
    connection.close()
    for path, reason, kind in (
        (log, "file is not a database", OutsideError),
        (other, "of another program", InputError),
    ):
        before = path.read_bytes()
        for create in (True, False):
            with pytest.raises(kind, match=f"{path.name}: {reason}: name another file"):
                open_db(f"sqlite:///{path}", create=create)
        assert path.read_bytes() == before
    empty = tmp_path / "empty.db"
    empty.touch()
    open_db(f"sqlite:///{empty}").dispose()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty.db", "log.csv", "other.db"]
