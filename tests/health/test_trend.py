"""A date is given where the failed reads really become more, and its band holds the true one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.counts import count
from tests.health.aging import (
    KINDS,
    Kind,
    count_false,
    count_right,
    jumped,
    steady,
)

from edgenode.core.pipeline import GAP_SLOTS, Pipeline
from edgewise.health.trend import DAYS_MIN, FAILURE_SHARE, Failures, expect_failure

SENSORS = count(2, 40)
STEP = count(8, 4)  # days between two checks


@pytest.mark.parametrize("name", KINDS)
def test_without_a_trend_there_is_no_date(name: str) -> None:
    checks, sensors = count_false(KINDS[name], steady, SENSORS, STEP)
    assert checks <= 0.01
    assert sensors <= 0.05


def test_a_jump_is_no_trend() -> None:
    checks, sensors = count_false(Kind(run=3, spread=0.3), jumped, SENSORS, STEP)
    assert checks <= 0.01 and sensors <= 0.05


def test_the_band_holds_the_true_day() -> None:
    total: Counter[str] = Counter()
    for kind in list(KINDS.values())[:: count(3, 1)]:
        for is_line in (True, False):
            total += count_right(kind, is_line, SENSORS, 2 * STEP)
    assert total["said"] > total["checks"] * 0.25
    assert 0.75 <= total["right"] / total["said"] <= count(1.0, 0.92)


def rising(days: int, share: float = 0.15, reads: int = 1000) -> Failures:
    day = np.arange(1.0 - days, 1.0)
    failed = np.rint(reads * np.linspace(0.01, share, days))
    return Failures(day, np.full(days, float(reads)), failed)


def test_a_straight_rise() -> None:
    expected = expect_failure(rising(29))
    assert expected is not None
    # half of a percent a day more
    assert expected.share == pytest.approx(0.15, abs=0.01)
    assert expected.days_low < 30 < expected.days_high
    assert expected.days == pytest.approx(30, abs=4)


@pytest.mark.parametrize(
    "known",
    [
        rising(DAYS_MIN - 1),
        rising(29, 0.01),
        rising(29, 0.0),
        rising(29, 0.9),  # it has failed
        rising(29, 0.02, reads=20),
        Failures(np.arange(-28.0, 1.0), np.full(29, 50.0), np.zeros(29)),
        Failures(np.arange(-28.0, 1.0), np.full(29, 50.0), np.full(29, 50.0)),
    ],
    ids=["short", "flat", "falls", "failed", "few reads", "never", "always"],
)
def test_what_shows_no_trend(known: Failures) -> None:
    assert expect_failure(known) is None


def test_a_repaired_sensor_is_no_more_spoken_of() -> None:
    known = rising(40)
    failed = known.failed.copy()
    failed[-3:] = 10
    assert expect_failure(known) is not None
    assert expect_failure(Failures(known.day, known.reads, failed)) is None


@pytest.mark.parametrize(("share", "fill"), [(FAILURE_SHARE, False), (FAILURE_SHARE - 0.05, True)])
def test_what_a_failure_is_comes_from_the_windows_of_the_node(share: float, fill: bool) -> None:
    # readings between two times that the node empties its windows: the longest has 60
    rng = np.random.default_rng(1)
    pipeline = Pipeline(["t_level"], [])
    restarts = slots = 20_000
    restarts = 0
    for slot in np.flatnonzero(rng.random(slots) >= share).tolist():
        pipeline.push(slot, 200, 400)
        restarts += pipeline.age == 1
    assert GAP_SLOTS == 3
    assert (slots / restarts > 60) is fill
