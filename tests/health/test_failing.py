"""The expected failure of a sensor: in the remarks, in the events, in --json."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.command import edgewise
from tests.health.weeks import DAY_S, NOW_S, STEP_S, days_ago, failure, rows, store

from edgewise.database import open_db
from edgewise.database.names import set_name
from edgewise.database.schema import reading_hour
from edgewise.health import check, with_name
from edgewise.health.trend import FAILURE_SHARE

NONE = Path("no-models")
DAYS = 35
PLACES = (89, 55)  # coprime with the reads of a day: failures are spread over it


def aging_rows(node: str, until_days: float = 0, begin_days: float = 28) -> Iterator[Any]:
    """From 1 % on, the share of failed reads grows by half a percent a day; ``until_days`` ago
    the sensor was replaced."""

    def change(ts: float) -> dict[str, Any]:
        age = max(0.0, begin_days - days_ago(ts))
        share = 0.01 if days_ago(ts) <= until_days else 0.01 + 0.005 * age
        place = int(ts // STEP_S) * PLACES[0] % 144 / 144
        return failure("checksum") if place < share else {}

    return rows(node, change, DAYS)


def list_texts(engine: Engine, now_s: float = NOW_S) -> list[str]:
    texts = [remark.text for remark in check(engine, NONE, now_s).remarks]
    return [text for text in texts if "more and more" in text]


def test_a_sensor_that_ages_is_given_a_date(engine: Engine) -> None:
    store(engine, aging_rows("n"), rows("m", days=DAYS))
    report = check(engine, NONE, NOW_S)
    expected = report.failures.pop("n")
    assert report.failures == {}
    (text,) = (r.text for r in report.remarks if "more and more" in r.text)
    assert text.startswith(
        f"more and more reads of n fail, {expected.share:.0%} now and 30% about"
    )
    assert time.strftime("about %d %b (", time.gmtime(expected.at)) in text
    # 30 % will be 30 days after the last whole day
    true_s = NOW_S - DAY_S + (FAILURE_SHARE - 0.145) / 0.005 * DAY_S
    assert expected.low <= true_s <= expected.high
    assert with_name(text, "n", "Attic (n)").startswith("more and more reads of Attic (n) fail")


def test_it_begins_and_it_is_over(engine: Engine) -> None:
    store(engine, aging_rows("n", until_days=3))
    before = check(engine, NONE, NOW_S - 4 * DAY_S)
    texts = [remark.text.partition(",")[0] for remark in before.new]
    assert "more and more reads of n fail" in texts
    assert check(engine, NONE, NOW_S - 4 * DAY_S + 1).new == []
    after = check(engine, NONE, NOW_S)
    assert "ok" in [r.text for r in after.new] and after.failures == {}
    assert list_texts(engine) == []


def test_hours_that_were_folded_count(url: str) -> None:
    engine = open_db(url)
    hours: dict[tuple[str, int], dict[str, Any]] = {}
    new = []
    for row in aging_rows("n"):
        if days_ago(row["ts"]) <= 8:
            new.append(row)
            continue
        key = ("n", int(row["ts"] // 3600 * 3600))
        hour = hours.setdefault(key, {"node": "n", "hour_ts": key[1], "n": 0, "failed": 0})
        hour["n"] += 1
        hour["failed"] += row["err"] is not None
    store(engine, iter(new))
    assert list_texts(engine) == []  # eight days are too few
    with engine.begin() as connection:
        connection.execute(reading_hour.insert(), list(hours.values()))
    assert len(list_texts(engine)) == 1
    engine.dispose()


def test_days_without_readings_and_a_day_that_has_just_begun(engine: Engine) -> None:
    gone = (r for r in aging_rows("n") if not 12 < days_ago(r["ts"]) <= 15)
    store(engine, gone)
    assert len(list_texts(engine, NOW_S - DAY_S + 7 * STEP_S)) == 1


@pytest.mark.parametrize("days", [13, 14])
def test_a_new_node_is_not_judged(engine: Engine, days: int) -> None:
    store(engine, (r for r in aging_rows("n", begin_days=10) if days_ago(r["ts"]) <= days))
    kinds = {finding.kind for finding in check(engine, NONE, NOW_S).findings}
    assert "failing" not in kinds


def test_the_command_says_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    shift_s = (time.time() - NOW_S) // DAY_S * DAY_S
    moved = (
        {**r, "ts": r["ts"] + shift_s, "received_at": r["ts"] + shift_s} for r in aging_rows("n")
    )
    store(engine, moved)
    set_name(engine, "n", "Attic")
    engine.dispose()
    result = edgewise("health", "--db", url, "--models", tmp_path, "--json")
    assert result.returncode == 0, result.stderr
    expected = json.loads(result.stdout)["failures"]["n"]
    assert expected["low"] < expected["at"] < expected["high"]
    assert 0.1 < expected["share"] < 0.2
    assert "- more and more reads of Attic (n) fail, " in result.stderr
    assert "fails" in result.stderr.splitlines()[0]
