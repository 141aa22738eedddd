"""What a package keeps of its training data, and how far a day lies from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgewise.package.baseline import DAY_S, Spread, baseline_of, days_of, spreads_of

PERIOD_MS = 600_000
PER_DAY = DAY_S * 1000 // PERIOD_MS


def make_spread(values: np.ndarray, days: int) -> Spread:
    time_s = np.arange(len(values)) * PERIOD_MS / 1000
    node = np.full(len(values), "n", dtype=object)
    p_pc = np.full(len(values), 90)
    baseline = baseline_of(values[:, None], ["t_level"], p_pc, time_s, node, PERIOD_MS)
    assert days == len(days_of(time_s, node))
    return spreads_of(baseline)["t_level"]


def test_the_index_is_that_of_the_books() -> None:
    spread = Spread(edges=[0], n=[50, 50], usual=None)
    values = np.repeat([-1, 1], [20, 80])
    p, q = np.array([20.5, 80.5]) / 101, np.array([0.5, 0.5])
    expected = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert spread.psi(values) == pytest.approx(expected, rel=1e-12)
    assert spread.psi(np.repeat([-1, 1], 50)) == 0
    assert 0 < spread.psi(np.repeat(1, 100)) < math.inf


def test_a_value_on_an_edge_is_left_of_it_as_in_the_tree() -> None:
    spread = Spread(edges=[5], n=[10, 0], usual=None)
    assert spread.psi(np.repeat(5, 10)) == 0


def test_a_day_is_judged_by_the_days_of_the_training() -> None:
    rng = np.random.default_rng(1)
    similar_days = make_spread(rng.integers(0, 1000, 6 * PER_DAY), 6)
    assert similar_days.usual is not None and 0 < similar_days.usual < 0.25
    assert similar_days.limit == max(0.25, 2 * similar_days.usual)
    different_days = make_spread(np.repeat(np.arange(6) * 100, PER_DAY), 6)
    assert (
        different_days.usual is not None
        and different_days.usual > 1
        and different_days.limit == 2 * different_days.usual
    )
    one_day = make_spread(rng.integers(0, 1000, PER_DAY), 1)
    assert one_day.usual is None and one_day.limit is None
    constant = make_spread(np.zeros(3 * PER_DAY, dtype=int), 3)
    assert constant.edges == [0] and constant.limit == 0.25
