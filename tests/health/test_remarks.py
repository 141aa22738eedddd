"""Remarks in the database: one event where a matter begins and one where it is over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select
from tests.health.weeks import DAY_S, NOW_S, days_ago, failure, rows, store
from tests.shared import LIMIT_S

from edgewise.collector import Writer
from edgewise.database import open_db
from edgewise.database.schema import events, health
from edgewise.health import check, current

NONE = Path("no-models")


def fail_on(*days: int) -> Any:
    return lambda ts: failure("timeout") if int(days_ago(ts)) in days and ts % 3000 == 0 else {}


def read_changes(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        payloads = connection.scalars(select(events.c.payload).order_by(events.c.id))
        return [(json.loads(text)["from"], json.loads(text)["to"]) for text in payloads]


def test_it_begins_it_lasts_it_is_over(url: str) -> None:
    engine = open_db(url)
    store(engine, rows("n", fail_on(3, 4)))
    remarks = check(engine, NONE, NOW_S - 4 * DAY_S + 1).new
    assert [r.text[:36] for r in remarks] == ["20% of the reads of n failed on 20 N"]
    second_report = check(engine, NONE, NOW_S - 3 * DAY_S + 1)
    assert second_report.new == [] and "for 2 days" in second_report.remarks[0].text
    last_report = check(engine, NONE, NOW_S)
    assert last_report.remarks == [] and [r.text for r in last_report.new] == ["ok"]
    assert check(engine, NONE, NOW_S).new == []
    assert read_changes(engine) == [("ok", remarks[0].text), (remarks[0].text, "ok")]
    engine.dispose()


def test_a_second_look_changes_nothing(engine: Engine) -> None:
    store(engine, rows("n", fail_on(0)), rows("m"), rows("o"))
    counts = []
    for _ in range(2):
        report = check(engine, NONE, NOW_S)
        with engine.connect() as connection:
            counts.append(connection.scalar(select(func.count()).select_from(health)))
        assert current(engine, ["n", "m"], NOW_S) == report.remarks
    assert counts[0] == counts[1] and len(read_changes(engine)) == 1


def test_what_was_said_of_a_node_that_went_silent_is_not_said_for_ever(engine: Engine) -> None:
    store(engine, rows("n", fail_on(0)), rows("m"))
    assert check(engine, NONE, NOW_S).remarks
    assert current(engine, ["n"], NOW_S + 1.9 * DAY_S)
    assert current(engine, ["n"], NOW_S + 2.1 * DAY_S) == []


def test_rows_of_last_season_go(engine: Engine) -> None:
    store(engine, rows("n"))
    check(engine, NONE, NOW_S)
    store(engine, ({**r, "boot": 2, "ts": r["ts"] + 95 * DAY_S} for r in rows("n")))
    check(engine, NONE, NOW_S + 95 * DAY_S)
    with engine.connect() as connection:
        assert connection.scalar(select(func.min(health.c.day))) >= NOW_S + 87 * DAY_S


def test_names_are_only_names(engine: Engine) -> None:
    names = ["{when}", "{0}", "%s'; DROP TABLE health; --", "<b>"]
    store(engine, *(rows(name, fail_on(0)) for name in names))
    remarks = check(engine, NONE, NOW_S).remarks
    assert {r.node for r in remarks} == set(names)
    assert all(f"of the reads of {r.node} failed" in r.text for r in remarks)


def test_a_node_that_says_the_like_is_not_believed(engine: Engine) -> None:
    store(engine, rows("n", fail_on(0)))
    with Writer(engine) as writer:
        payload = {"boot": 0, "seq": 0, "ts": NOW_S, "event": "health", "about": "failed"}
        writer.put("edgewise/n/event", json.dumps(payload).encode())
        assert writer.wait_for(lambda c: c.commits == 1, LIMIT_S)
    assert len(check(engine, NONE, NOW_S).new) == 1
