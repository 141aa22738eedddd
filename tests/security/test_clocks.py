"""A computer whose clock is wrong: nothing is destroyed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from tests.dashboard.past import row, store
from tests.shared import wait_until

from edgewise.collector.retention import Keeper, clock_error
from edgewise.database.schema import reading, reading_hour

DAY_S = 86400.0
N = 2000


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
