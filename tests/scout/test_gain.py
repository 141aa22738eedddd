"""A gain is told where there is one, and noise is not told as gain."""

from __future__ import annotations

import numpy as np
import pytest
from tests.counts import count

from edgewise.scout import Gain, Ranked, Scouted, describe, measure_gain, ranking_csv
from edgewise.scout.ranking import closeness
from edgewise.training.relevance import information_gain
from edgewise.training.rows import Rows

N = 400
SEEDS = count(1, 20)


def walk(rng: np.random.Generator, columns: int) -> np.ndarray:
    """Columns that change slowly, as rooms do."""
    return np.cumsum(rng.normal(0, 1, (N, columns)), axis=0)


def make_rows(seed: int, is_telling: bool) -> tuple[Rows, np.ndarray]:
    """Readings whose class hangs on something slow; ``theirs``: eight columns, of which the first
    knows it where ``is_telling``."""
    rng = np.random.default_rng(seed)
    y = (np.arange(N) // 5 % 2).astype(np.int64)
    ours = walk(rng, 6) + y[:, None] * rng.normal(0, 2, 6)
    theirs = walk(rng, 8)
    if is_telling:
        theirs[:, 0] = y + rng.normal(0, 0.3, N)
    x = np.clip(10 * ours, -32000, 32000).astype(np.int16)
    return Rows(x, y, np.arange(N) * 60.0, np.full(N, "", dtype=object)), theirs


def gain_of(seed: int, is_telling: bool) -> Gain:
    rows, theirs = make_rows(seed, is_telling)
    gain = measure_gain(rows, theirs, [f"t__{i}" for i in range(8)], 2)
    assert gain is not None
    return gain


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.scout.gain._TREES", count(12, 60))
    monkeypatch.setattr("edgewise.scout.gain._SEEDS", count(1, 2))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_ours_do_not_know_is_a_gain(seed: int) -> None:
    gain = gain_of(seed, True)
    assert gain.is_real, gain
    assert gain.added["t__0"] == 5  # in each part


def test_noise_is_no_gain() -> None:
    gains = [gain_of(100 + seed, False) for seed in range(SEEDS)]
    assert sum(gain.is_real for gain in gains) <= 0.05 * SEEDS


def test_what_ours_know_is_not_added() -> None:
    rows, _ = make_rows(0, False)
    same = np.exp(rows.x / 3000.0)  # another scale, the same order
    gain = measure_gain(rows, same, [f"t__{i}" for i in range(6)], 2)
    assert gain is not None and gain.added == {} and gain.points == 0


def test_a_class_of_one_part_only_is_not_judged() -> None:
    rows, theirs = make_rows(0, False)
    one = Rows(rows.x, np.zeros(N, dtype=np.int64), rows.time_s, rows.node)
    assert measure_gain(one, theirs, [f"t__{i}" for i in range(8)], 2) is None


def test_rank_correlation() -> None:
    a = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [9.0, 5.0]])
    b = np.array([[-1.0], [-4.0], [-9.0], [-100.0]])
    assert closeness(a, b).ravel().tolist() == pytest.approx([1.0, 0.0])


def scouted(gain: Gain | None) -> Scouted:
    ranked = [
        Ranked("t_slope_30", True, 0.31, "t_slope_30", 1.0),
        Ranked("t__skewness", False, 0.22, "t_dev_60", 0.41),
    ]
    return Scouted(1000, ranked, 0.05, gain)


@pytest.mark.parametrize(
    ("gain", "last"),
    [
        (None, "gain: not measured"),
        (Gain(80, 80, 0, {}, "5 blocks"), "nothing to gain: each feature"),
        (
            Gain(80, 81, 0.6, {"t__skewness": 5}, "5 blocks"),
            "nothing to gain: chance can do",
        ),
        (Gain(80, 80.3, 0.1, {"t__skewness": 5}, "5 blocks"), "nothing to gain: so little is"),
        (Gain(80, 79, 0.2, {"t__skewness": 5}, "5 blocks"), "nothing to gain: it is no better"),
        (
            Gain(80, 83, 0.6, {"t__skewness": 5}, "5 blocks"),
            "- 0.22 bits  t__skewness, of ours t_",
        ),
    ],
)
def test_the_words(gain: Gain | None, last: str) -> None:
    lines = describe(scouted(gain))
    assert lines[-1].startswith(last)
    assert ("to gain: these features" in " ".join(lines)) is bool(gain and gain.is_real)
    assert "t_dev_60 is closest (rank correlation 0.41)" in " ".join(lines)
    if gain and gain.added:
        assert f"{gain.points:+.1f} points, standard error {gain.error:.1f}" in " ".join(lines)


def test_the_ranking_as_rows() -> None:
    assert ranking_csv(scouted(None).ranked).splitlines() == [
        "feature,from,bits,closest,alike",
        "t_slope_30,edgewise,0.3100,t_slope_30,1.000",
        "t__skewness,tsfresh,0.2200,t_dev_60,0.410",
    ]


def test_bits_of_numbers_that_are_not_whole() -> None:
    y = np.arange(200) % 2
    assert information_gain(np.stack([y + 0.5, np.ones(200)], axis=1), y) == pytest.approx([1, 0])
