"""A computer whose clock is wrong: nothing is destroyed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from tests.collector.test_collector import state
from tests.dashboard.past import row, store
from tests.shared import LIMIT_S, wait_until

from edgewise.collector import Writer
from edgewise.collector.retention import Keeper, clock_error, fold
from edgewise.dashboard.series import extent
from edgewise.database.schema import reading, reading_hour

DAY_S = 86400.0
N = 2000
UNSET_S, AHEAD_S = 5.0, 2.0**32  # in 1970 and in 2106


def count_rows(engine: Engine) -> tuple[int, int]:
    """Readings, and hours."""
    with engine.connect() as connection:
        sizes = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (reading, reading_hour)
        ]
    return int(sizes[0] or 0), int(sizes[1] or 0)


def make_past(now_s: float, **more: Any) -> list[dict[str, Any]]:
    """Two days of a node, to now."""
    return [row("n", i, now_s - 2 * DAY_S * (N - i) / N, **more) for i in range(N)]


@pytest.mark.parametrize("days", [100, 6 * 365, -100])
@pytest.mark.parametrize("has_ts", [True, False])
def test_a_wrong_clock_folds_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, days: int, has_ts: bool
) -> None:
    now_s = time.time()
    more = {} if has_ts else {"ts": None}
    store(engine, [{**reading_row, **more} for reading_row in make_past(now_s)])
    monkeypatch.setattr(time, "time", lambda: now_s + days * DAY_S)
    lines: list[str] = []
    with Keeper(engine, 90 * DAY_S, 365 * DAY_S, lines.append):
        wait_until(lambda: lines)
    assert f"is {abs(days)} days from the newest readings: nothing is folded" in lines[0]
    assert count_rows(engine) == (N, 0)


def test_a_right_clock_folds(engine: Engine) -> None:
    store(engine, make_past(time.time()))
    lines: list[str] = []
    with Keeper(engine, DAY_S, None, lines.append):
        wait_until(lambda: lines)
    assert lines[0].endswith("old readings are hours now")
    assert count_rows(engine)[1] > 0


def test_one_node_that_is_wrong_or_silent_does_not_stop_it(engine: Engine) -> None:
    now_s = time.time()
    ahead = row("n", N, now_s + 300 * DAY_S, received_at=now_s)
    silent = row("old", 1, now_s - 300 * DAY_S)
    store(engine, [*make_past(now_s), ahead, silent])
    assert clock_error(engine, now_s) is None
    assert clock_error(engine, now_s + 5 * DAY_S) is not None


def test_an_empty_database_says_nothing(engine: Engine) -> None:
    assert clock_error(engine, time.time()) is None


def test_readings_of_wrong_clocks_are_stored_and_marked(engine: Engine) -> None:
    times = (UNSET_S, 1_700_000_000.0, AHEAD_S)
    items = [json.loads(state(seq)) | {"ts": ts} for seq, ts in enumerate(times)]
    with Writer(engine) as writer:
        writer.put("edgewise/n1/replay", json.dumps(items).encode())
        assert writer.wait_for(lambda counts: counts.readings == 3, LIMIT_S)
    with engine.connect() as connection:
        c = reading.c
        rows = connection.execute(select(c.ts, c.clock).order_by(c.seq)).all()
    assert [tuple(row) for row in rows] == list(zip(times, ("unset", None, "ahead"), strict=True))
    assert extent(engine, "n1") == (times[1], times[1])


def test_a_wrong_time_folds_when_its_reading_came_long_ago(engine: Engine) -> None:
    now_s = time.time()
    past = make_past(now_s)
    for i, ts, clock in ((0, UNSET_S, "unset"), (1, AHEAD_S, "ahead"), (2, UNSET_S, "unset")):
        received_at = now_s if i == 2 else past[i]["ts"]
        past[i] |= {"ts": ts, "clock": clock, "received_at": received_at}
    store(engine, [{"clock": None} | reading_row for reading_row in past])
    folded = sum(fold(engine, DAY_S, now_s))
    with engine.connect() as connection:
        marked = connection.scalars(select(reading.c.clock).where(reading.c.clock.is_not(None)))
        assert sorted(marked.all()) == ["ahead", "unset"]
        hours = connection.scalars(select(reading_hour.c.hour_ts)).all()
    assert min(hours) > now_s - 3 * DAY_S and max(hours) < now_s
    assert N // 2 - 100 < folded < N // 2 + 100


def test_what_came_while_this_clock_was_in_1970_folds_by_its_own_time(engine: Engine) -> None:
    now_s = time.time()
    store(engine, [r | {"clock": "ahead", "received_at": 60.0} for r in make_past(now_s)])
    sum(fold(engine, DAY_S, now_s))
    n_readings, _ = count_rows(engine)
    assert n_readings > N // 2 - 100
    with engine.connect() as connection:
        hours = connection.scalars(select(reading_hour.c.hour_ts)).all()
    assert min(hours) > now_s - 3 * DAY_S
