"""Detectors from a few days of real rooms: their false alarms on the days after, docs/unusual.md.

Takes minutes, so `make test-all` runs it: EDGEWISE_TESTS=whole pytest -s
tests/unusual/test_short_logs.py with EDGEWISE_DATA.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.counts import WHOLE
from tests.unusual.test_faults import FAULTS, find, rooms

from edgewise.logs import public
from edgewise.logs.choices import Choices
from edgewise.logs.log import Log, read_log
from edgewise.training.rows import Rows
from edgewise.unusual.episodes import count_episodes
from edgewise.unusual.limits import choose_limits, days_of
from edgewise.unusual.training import rows_of, train_detector, whole_sequence
from edgewise.unusual.words import FEATURES

__all__ = ["rooms"]  # a fixture
pytestmark = pytest.mark.skipif(not WHOLE, reason="only in make test-all")
DAY_S = 86400
ROWS_MIN = 300
SHARE_MIN = 0.6  # of the readings: no log of gaps


@pytest.fixture(scope="module")
def ordinary(rooms: Log) -> dict[str, list[tuple[Rows, int]]]:
    """Name -> rooms without a fault: their readings, and the period in milliseconds."""
    office = read_log(public.get().path, group=None, split="split")
    known = rooms.select(rooms.label == "0")
    sensors = [
        read_log(
            Path(rooms.path).parents[1] / "dht_geosensorweb/dht22_dht11_10h.csv",
            choices=Choices(temperature=f"{name}_t", humidity=f"{name}_rh"),
        )
        for name in ("dht22", "dht11a", "dht11b")
    ]
    logs = {
        "UCI": [office.select(np.argsort(office.time_s, kind="stable"))],
        "Intel": [known.select(known.node == node) for node in sorted(set(known.node))],
        "GeoSensorWeb": sensors,
    }
    return {
        name: [(rows_of(whole_sequence(log, log.period_ms)), log.period_ms) for log in found]
        for name, found in logs.items()
    }


def divisions(rows: Rows, period_ms: int, days: float) -> Iterator[tuple[Rows, Rows]]:
    """So many days from each day on, and all later readings."""
    day = (rows.time_s - rows.time_s[0]) / DAY_S
    for start in np.arange(0, day[-1] - days, min(1.0, days)):
        fit = rows.select((day >= start) & (day < start + days))
        later = rows.select(day >= start + days)
        if len(fit.y) >= ROWS_MIN and days_of(fit, period_ms) >= SHARE_MIN * days:
            yield fit, later


@pytest.mark.parametrize("days", [0.3, 1, 3, 7, 10])
def test_a_short_log_gives_no_more_than_the_wanted_alarms(
    ordinary: dict[str, list[tuple[Rows, int]]], days: float
) -> None:
    for name, found in ordinary.items():
        episodes, later_days, rates = 0, 0.0, []
        for rows, period_ms in found:
            for fit, later in divisions(rows, period_ms, days):
                chosen, _ = choose_limits(fit, FEATURES, 1.0, period_ms)
                columns = [FEATURES.index(limit.feature) for limit in chosen.limits]
                above = later.x[:, columns] > [limit.limit for limit in chosen.limits]
                n = count_episodes(later.time_s, later.node, above.any(axis=1), period_ms)
                rates.append(7 * n / days_of(later, period_ms))
                episodes, later_days = episodes + n, later_days + days_of(later, period_ms)
        if rates:
            rate = 7 * episodes / later_days
            print(
                f"{name}, {days:g} days, {len(rates)} times: {episodes} in {later_days:.1f} days, "
                f"{rate:.2f} a week; most {max(rates):.1f}"
            )
            assert rate <= 1


@pytest.mark.parametrize("days", [1, 3])
def test_faults_are_found_by_the_limits_of_a_short_log(rooms: Log, days: int) -> None:
    found = {name: np.zeros(3, dtype=int) for name in FAULTS.values()}
    for node in sorted(set(rooms.node)):
        room = rooms.select(rooms.node == node)
        ordinary = room.select(room.label == "0")
        is_first = ordinary.time_s < ordinary.time_s.min() + days * DAY_S
        model = train_detector(
            ordinary.select(is_first), ordinary.select(~is_first), 1.0, outlook=False
        )
        for name, counts in find(model, room).items():
            found[name] += counts
    for name, (n, hits, refused) in found.items():
        print(f"{days} days, {name}: {hits} of {n - refused} found")
    n, hits, refused = found["spike"]
    assert hits >= 0.95 * (n - refused)
