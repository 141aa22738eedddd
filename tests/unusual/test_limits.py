"""Limits: as low as the wanted rate allows, on time or nodes that they do not come from."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.counts import count
from tests.unusual.conftest import DAY_ROWS, PERIOD_S, START_S, ordinary, write_log

from edgewise.errors import InputError
from edgewise.features.splitting import split_log
from edgewise.logs.log import Log, read_log
from edgewise.training.detector import Care
from edgewise.training.rows import Rows
from edgewise.unusual import limits
from edgewise.unusual.episodes import count_episodes
from edgewise.unusual.limits import choose_limits, hold_out
from edgewise.unusual.rate import per_week
from edgewise.unusual.training import train_detector
from edgewise.unusual.tree import chain_tree
from edgewise.unusual.words import FEATURES

PERIOD_MS = 1000 * PERIOD_S


def make_rows(nodes: int = 1, days: int = 8, seed: int = 0) -> Rows:
    """Readings whose two features have long tails, as real ones do."""
    r = np.random.default_rng(seed)
    n = days * DAY_ROWS
    x = np.minimum(10 * np.round(r.pareto(3, (nodes * n, 2)) * 4), 30000).astype(np.int16)
    time_s = np.tile(START_S + PERIOD_S * np.arange(n, dtype=np.float64), nodes)
    node = np.repeat(np.array([f"n{i}" for i in range(nodes)], dtype=object), n)
    return Rows(x, np.zeros(len(x), dtype=np.int64), time_s, node)


@pytest.mark.parametrize(
    ("text", "rate"), [("1/week", 1), ("2/day", 14), ("1/month", 7 / 30), ("0.5/week", 0.5)]
)
def test_a_rate_is_read(text: str, rate: float) -> None:
    assert per_week(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "1", "0/week", "-1/week", "1/year", "1/ week", "inf/day"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"--false-alarms {text}: a number above 0")):
        per_week(text)


@pytest.mark.parametrize("seed", range(count(2, 20)))
def test_the_chain_says_unusual_above_any_limit_and_nowhere_else(seed: int) -> None:
    r = np.random.default_rng(seed)
    bounds = r.integers(1, 32766, r.integers(1, 15)).tolist()
    x = np.array(bounds) + r.integers(-2, 3, (500, len(bounds)))
    x[250:] = r.integers(-32766, 32767, x[250:].shape)
    x = np.clip(x, -32766, 32766)
    expected = (x > np.array(bounds)).any(axis=1)
    assert (chain_tree(bounds).predict(x.astype(np.int16)) == expected).all()


@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.parametrize("wanted", [1.0, 14.0, 0.1])
def test_the_wanted_rate_holds_on_what_was_held_out_and_no_smaller_factor_would(
    nodes: int, wanted: float
) -> None:
    rows = make_rows(nodes)
    names = ["h_range_5", "t_range_60"]
    chosen, text = choose_limits(rows, names, wanted, PERIOD_MS)
    assert text == ("3 whole nodes in 3 parts" if nodes > 1 else "8 days, one after the other")
    weeks = nodes * 8 / 7
    assert chosen.alarms.days == pytest.approx(nodes * 8)
    assert chosen.alarms.episodes <= wanted * weeks

    def episodes(k: float) -> int:
        is_unusual = np.zeros(len(rows.y), dtype=bool)
        for fit, held in hold_out(rows)[0]:
            x = np.quantile(rows.x[fit], chosen.quantile, axis=0, method="inverted_cdf")
            is_unusual[held] = (rows.x[held] > k * np.maximum(x, 10)).any(axis=1)
        return count_episodes(rows.time_s, rows.node, is_unusual, PERIOD_MS)

    assert episodes(chosen.k) == chosen.alarms.episodes
    assert chosen.k == 1 or episodes(chosen.k / 1.05) > wanted * weeks


@pytest.mark.parametrize(
    ("days", "wanted", "care"),
    [
        (14, 1.0, Care()),
        (13, 1.0, Care(part=8)),
        (2, 7.0, Care()),
        (6, 1.0, Care(3, 4)),
        (1, 1.0, Care(3, 2)),
        (3, 0.25, Care(3, 1)),
    ],
)
def test_no_limit_of_a_short_log_is_below_those_of_its_care(
    days: int, wanted: float, care: Care
) -> None:
    rows = make_rows(days=days)
    chosen, _ = choose_limits(rows, ["h_range_5", "t_since"], wanted, PERIOD_MS)
    assert chosen.care == care
    h, *t = chosen.limits
    largest = rows.x.max(axis=0)
    assert h.limit >= max(care.times * largest[0], 4000 / care.part if care.part else 0)
    assert all(limit.limit >= care.times * largest[1] for limit in t)
    assert chosen.alarms.episodes <= wanted * days / 7


def test_lively_days_after_a_few_quiet_ones_are_no_alarms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = np.random.default_rng(5)
    n = 3 * DAY_ROWS
    quiet = write_log(tmp_path / "quiet.csv", 20 + r.normal(0, 0.08, n), 45 + r.normal(0, 0.25, n))
    lively = write_log(tmp_path / "lively.csv", *ordinary(10, seed=3), START_S + 5 * 86400)
    logs = read_log(quiet), read_log(lively)
    detector = train_detector(*logs, 1.0).detector
    assert detector is not None
    assert detector.test.episodes == 0
    monkeypatch.setattr(limits, "care_for", lambda days, wanted: Care())
    careless = train_detector(*logs, 1.0).detector
    assert careless is not None
    assert careless.test.episodes > 10


def test_a_part_is_held_out_with_what_its_windows_touch() -> None:
    parts, _ = hold_out(make_rows(days=5))
    assert sum(held.sum() for _, held in parts) == 5 * DAY_ROWS
    for fit, held in parts:
        assert not (fit & held).any()
        inner = np.flatnonzero(held)
        for edge in (inner[0] - 60, inner[-1] + 60):
            assert not 0 <= edge < len(fit) or not fit[edge]


def test_unusual_readings_near_each_other_are_one_episode() -> None:
    time_s = np.array([0.0, 60, 1000, 1000 + 1800, 5000])
    node = np.array(["a", "a", "a", "a", "b"], dtype=object)
    is_unusual = np.array([True, False, True, True, True])
    assert count_episodes(time_s, node, is_unusual, 60_000) == 3


def test_what_nobody_could_cross_is_no_limit(tmp_path: Path) -> None:
    t_c, h_pct = ordinary(3, seed=3)
    t_c[::50] = 79.0  # an event every 100 minutes: more than once a week
    t_c[25::50] = -39.0
    log = read_log(write_log(tmp_path / "log.csv", t_c, h_pct))
    model = train_detector(log, log, 1.0)
    assert "t_range_60" not in model.features
    assert set(model.features) < set(FEATURES)


def test_no_limit_that_a_reading_could_cross(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = read_log(write_log(tmp_path / "log.csv", *ordinary(1, seed=3)))
    monkeypatch.setattr(limits, "_ceiling", lambda feature: 1)
    with pytest.raises(InputError, match="the limits lie beyond what a sensor measures"):
        train_detector(log, log, 1.0)


def test_too_few_readings(tmp_path: Path) -> None:
    log = read_log(write_log(tmp_path / "log.csv", *(v[:200] for v in ordinary(1, seed=3))))
    with pytest.raises(InputError, match="200 readings to train on, 300 are needed"):
        train_detector(log, log, 1.0)


def test_readings_too_far_apart(tmp_path: Path) -> None:
    log = read_log(write_log(tmp_path / "log.csv", *(v[:400] for v in ordinary(1, seed=3))))
    log = replace(log, period_ms=7_200_000)
    with pytest.raises(InputError, match="at least one in 3600 s is needed"):
        train_detector(log, log, 1.0)


def test_labels_choose_nothing(ordinary_path: Path) -> None:
    def with_labels(log: Log) -> Log:
        label = np.where(np.arange(len(log)) % 2, "a", "b").astype(object)
        return replace(log, label=label, label_name="status")

    training, testing = (log.select(range(2000)) for log in split_log(ordinary_path, None, False))
    plain = train_detector(training, testing, 1.0)
    labelled = train_detector(with_labels(training), with_labels(testing), 1.0)
    assert labelled.detector == plain.detector
