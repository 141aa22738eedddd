"""Skipped periods: kept once, a bounded number of them, in both databases."""

from __future__ import annotations

from edgewise.collector.retention import fold
from edgewise.database import open_db
from edgewise.database.skips import _MAX, add_skip, read_skips

HOUR_S = 3600.0


def test_the_latest_stay_until_their_readings_are_hours(url: str) -> None:
    engine = open_db(url)
    add_skip(engine, "other", 0.0, HOUR_S)
    for i in range(_MAX + 2):
        add_skip(engine, "n", i * HOUR_S, (i + 1) * HOUR_S)
    add_skip(engine, "n", 2 * HOUR_S, 3 * HOUR_S)
    with engine.connect() as connection:
        periods = read_skips(connection, "n")
    assert periods == [(i * HOUR_S, (i + 1) * HOUR_S) for i in range(2, _MAX + 2)]
    assert sum(fold(engine, 2 * HOUR_S, (_MAX + 2) * HOUR_S)) == 0
    with engine.connect() as connection:
        assert read_skips(connection, "n") == periods[-2:]
        assert read_skips(connection, "other") == []
