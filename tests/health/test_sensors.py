"""Sensors that fail or do not move, said in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.health.weeks import DAY_S, NOW_S, STEP_S, days_ago, failure, rows, store

from edgewise.health import check

NONE = Path("no-models")


def list_remarks(engine: Engine) -> list[str]:
    return [remark.text for remark in check(engine, NONE, NOW_S).remarks]


def test_a_node_that_is_well_is_not_spoken_of(engine: Engine) -> None:
    store(engine, rows("n", lambda ts: failure("timeout") if ts % 60_000 == 0 else {}))
    report = check(engine, NONE, NOW_S)
    assert report.remarks == [] and report.new == []
    shares = [f.value for f in report.findings if f.kind == "failed"]
    assert len(shares) == 7 and 0 < max(shares) < 0.02


@pytest.mark.parametrize(
    ("days", "period"), [(1, "on 24 Nov"), (2, "for 2 days"), (9, "for a week or more")]
)
def test_reads_that_fail(engine: Engine, days: int, period: str) -> None:
    def change(ts: float) -> dict[str, Any]:
        if days_ago(ts) > days:
            return {}
        return (
            failure("checksum")
            if ts % 6000 == 0
            else failure("range")
            if ts % 42_000 == 600
            else {}
        )

    store(engine, rows("n", change))
    (text,) = list_remarks(engine)
    assert text.startswith("12% of the reads of n failed " + period)
    assert text.endswith(
        ", most of them checksum: shorten its wire, or put 10 kilohms from DATA to 3V3"
    )


def test_neither_channel_moves(engine: Engine) -> None:
    def change(ts: float) -> dict[str, Any]:
        return {"t": 21.0, "h": 45.0} if 0.3 < days_ago(ts) < 0.5 else {}

    store(engine, rows("n", change))
    assert list_remarks(engine) == []  # 28 readings: the node itself refuses 60
    store(engine, rows("m", change, step_s=120))
    (text,) = list_remarks(engine)
    assert text.startswith("temperature and humidity of m did not change for 4.") and (
        "h on 24 Nov (UTC): cut the sensor's supply" in text
    )


def test_what_the_node_called_stuck_is_said_though_it_has_no_value(engine: Engine) -> None:
    store(engine, rows("n", lambda ts: failure("stuck") if 0.4 < days_ago(ts) < 0.5 else {}))
    texts = list_remarks(engine)
    assert len(texts) == 2
    assert "failed on 24 Nov (UTC), most of them stuck: cut its supply" in texts[0]
    assert "did not change for 2.5 h on 24 Nov" in texts[1]


def test_one_channel_may_stay(engine: Engine) -> None:
    store(engine, rows("n", lambda ts: {"t": 21.3}, step_s=120))
    assert list_remarks(engine) == []


def test_whole_degrees_stay_for_hours(engine: Engine) -> None:
    def dht11(ts: float) -> dict[str, Any]:
        return {"t": 21.0, "h": 45.0 + int(ts // 36_000) % 2}  # ten hours of each

    store(engine, rows("n", dht11, step_s=120))
    assert list_remarks(engine) == []


def test_a_day_that_has_just_begun_ends_no_remark(engine: Engine) -> None:
    midnight_s = NOW_S - DAY_S
    for n in (10, 22, 40):
        end_s = midnight_s + n * STEP_S
        past = rows(f"n{n}", lambda ts: failure("timeout") if ts % (4 * STEP_S) == 0 else {})
        store(engine, (row for row in past if row["ts"] < end_s))
    texts = [remark.text for remark in check(engine, NONE, midnight_s + 40 * STEP_S).remarks]
    assert len(texts) == 3
    assert all("% of the reads of n" in text for text in texts)
