"""Old readings become hours, in both databases, while others come."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.shared import wait_until

from edgewise.collector import retention
from edgewise.collector.retention import Keeper, fold, forget, parse_span
from edgewise.database import open_db
from edgewise.database.schema import forecast, reading, reading_hour
from edgewise.errors import InputError

NOW_S = 1_700_000_000 // 3600 * 3600
KEEP_S = 24 * 3600


def make_rows(
    n: int, first_seq: int = 0, step_s: float = 600, node: str = "n"
) -> list[dict[str, Any]]:
    rng = random.Random(first_seq)
    rows = []
    for i in range(n):
        is_failed = rng.random() < 0.1
        rows.append(
            {
                "node": node,
                "boot": 1,
                "seq": first_seq + i,
                "ts": None if i % 7 == 3 else NOW_S - 48 * 3600 + i * step_s,
                "t": None if is_failed else round(rng.uniform(18, 25), 1),
                "h": None if is_failed else round(rng.uniform(30, 60), 1),
                "cls": None if is_failed else rng.choice("ab"),
                "p": None if is_failed else 0.9,
                "err": "timeout" if is_failed else None,
                "late": 0,
                "received_at": NOW_S - 48 * 3600 + i * step_s,
            }
        )
    return rows


def write(engine: Any, rows: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        connection.execute(reading.insert(), rows)


def compute_hours(rows: list[dict[str, Any]]) -> dict[tuple[str, int], tuple[Any, ...]]:
    hours: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        time_s = row["received_at"] if row["ts"] is None else row["ts"]
        if time_s < NOW_S - KEEP_S:
            hours.setdefault((row["node"], int(time_s // 3600 * 3600)), []).append(row)
    figures = {}
    for key, hour_rows in hours.items():
        t = [r["t"] for r in hour_rows if r["err"] is None]
        mean = pytest.approx(sum(t) / len(t)) if t else None
        failed_count = len(hour_rows) - len(t)
        figures[key] = (
            len(hour_rows),
            failed_count,
            min(t, default=None),
            mean,
            max(t, default=None),
        )
    return figures


def read_hours(engine: Any) -> dict[tuple[str, int], tuple[Any, ...]]:
    hour = reading_hour.c
    query = select(
        hour.node, hour.hour_ts, hour.n, hour.failed, hour.t_min, hour.t_mean, hour.t_max
    )
    with engine.connect() as connection:
        return {(r[0], r[1]): tuple(r[2:]) for r in connection.execute(query)}


def count_readings(engine: Any) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(reading)).scalar_one())


def test_hours_hold_what_the_readings_said(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS", 10)  # hours are cut by steps, and joined
    engine = open_db(url)
    rows = make_rows(288) + make_rows(100, step_s=60, node="'; DROP TABLE reading; --")
    write(engine, rows)
    folded_count = sum(fold(engine, KEEP_S, NOW_S))
    assert read_hours(engine) == compute_hours(rows)
    assert (folded_count, count_readings(engine)) == (244, len(rows) - 244)
    late_rows = make_rows(30, first_seq=1000)
    write(engine, late_rows)
    assert sum(fold(engine, KEEP_S, NOW_S)) == 30
    assert read_hours(engine) == compute_hours(rows + late_rows)
    assert sum(fold(engine, KEEP_S, NOW_S)) == 0


def test_two_keepers_count_no_reading_twice(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS", 10)
    rows = make_rows(288)
    write(open_db(url), rows)

    def keep(engine: Any) -> int:
        return sum(fold(engine, KEEP_S, NOW_S))

    with ThreadPoolExecutor(2) as pool:
        folded_counts = list(pool.map(keep, [open_db(url), open_db(url)]))
    engine = open_db(url)
    assert (sum(folded_counts), count_readings(engine)) == (144, 144)
    assert read_hours(engine) == compute_hours(rows)


def test_old_hours_go(url: str) -> None:
    engine = open_db(url)
    write(engine, make_rows(144))
    sum(fold(engine, KEEP_S, NOW_S))
    assert len(read_hours(engine)) == 24
    row = {"node": "n", "channel": "t", "model": "AutoETS", "made_at": 0.0}
    row |= dict.fromkeys(("yhat", "lower", "upper"), 20.0)
    with engine.begin() as connection:
        hours = [{**row, "ts": NOW_S - 3600.0 * h} for h in (31, 29)]
        connection.execute(forecast.insert(), hours)
    forget(engine, 30 * 3600, NOW_S)
    assert {ts for _, ts in read_hours(engine)} == {NOW_S - 3600 * h for h in range(25, 31)}
    with engine.connect() as connection:
        assert connection.scalars(select(forecast.c.ts)).all() == [NOW_S - 3600.0 * 29]


def test_a_keeper_works_beside_a_collector(tmp_path: Path) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    write(engine, make_rows(288))
    write(engine, [{**make_rows(1, 288)[0], "ts": time.time(), "received_at": time.time()}])
    lines: list[str] = []
    with Keeper(engine, KEEP_S, None, lines.append):
        wait_until(lambda: lines)
    assert lines == ["288 old readings are hours now"]
    assert count_readings(engine) == 1
    with Keeper(engine, None, None, lines.append):
        pass
    assert len(lines) == 1


@pytest.mark.parametrize(("text", "s"), [("36h", 129600), ("90d", 7776000), ("5y", 157680000)])
def test_spans(text: str, s: float) -> None:
    assert parse_span(text) == s


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5d", "9999999d", "3m"])
def test_spans_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="write a time such as"):
        parse_span(text)
