"""What a package keeps of its training data, and how far a day lies from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgewise.package.baseline import DAY_S, Spread, baseline_of, days_of, spreads_of

PERIOD_MS = 600_000
PER_DAY = DAY_S * 1000 // PERIOD_MS


def spread(values: np.ndarray, days: int) -> Spread:
    time_s = np.arange(len(values)) * PERIOD_MS / 1000
    node = np.full(len(values), "n", dtype=object)
    p_pc = np.full(len(values), 90)
    kept = baseline_of(values[:, None], ["t_level"], p_pc, time_s, node, PERIOD_MS)
    assert days == len(days_of(time_s, node))
    return spreads_of(kept)["t_level"]


def test_the_index_is_that_of_the_books() -> None:
    of = Spread(edges=[0], n=[50, 50], usual=None)
    values = np.repeat([-1, 1], [20, 80])
    p, q = np.array([20.5, 80.5]) / 101, np.array([0.5, 0.5])
    by_hand = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert of.psi(values) == pytest.approx(by_hand, rel=1e-12)
    assert of.psi(np.repeat([-1, 1], 50)) == 0
    assert 0 < of.psi(np.repeat(1, 100)) < math.inf


def test_a_value_on_an_edge_is_left_of_it_as_in_the_tree() -> None:
    of = Spread(edges=[5], n=[10, 0], usual=None)
    assert of.psi(np.repeat(5, 10)) == 0


def test_a_day_is_judged_by_the_days_of_the_training() -> None:
    rng = np.random.default_rng(1)
    alike = spread(rng.integers(0, 1000, 6 * PER_DAY), 6)
    assert alike.usual is not None and 0 < alike.usual < 0.25
    assert alike.limit == max(0.25, 2 * alike.usual)
    each = spread(np.repeat(np.arange(6) * 100, PER_DAY), 6)
    assert each.usual is not None and each.usual > 1 and each.limit == 2 * each.usual
    one = spread(rng.integers(0, 1000, PER_DAY), 1)
    assert one.usual is None and one.limit is None
    constant = spread(np.zeros(3 * PER_DAY, dtype=int), 3)
    assert constant.edges == [0] and constant.limit == 0.25
