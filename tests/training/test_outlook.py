"""Forecasts: how they are fitted and judged, and when a model gets none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.command import edgewise

from edgenode.core.headcheck import check_heads
from edgewise.features.splitting import Split, split_log
from edgewise.features.table import ANY
from edgewise.logs.log import Log, read_log
from edgewise.package.store import load_package
from edgewise.training.outlook import choose_outlook, judge_outlook, readings_of, said_next

PERIOD_MS = 60_000
DAY = 1440


def make_log(
    path: Path, t_c: NDArray[np.float64], h_pct: NDArray[np.float64], period_s: float = 60
) -> Log:
    lines = ["time,temperature,humidity"]
    lines += [
        f"{1_700_000_000 + period_s * i:.1f},{t:.1f},{h:.1f}"
        for i, (t, h) in enumerate(zip(t_c, h_pct, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n")
    return read_log(path)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_days(tmp_path_factory.mktemp("days"), 60)


def make_days(folder: Path, period_s: float) -> Log:
    """Five days: a temperature that goes on in its direction, a humidity that does not."""
    rng = np.random.default_rng(5)
    minute = np.arange(0, 5 * DAY, period_s / 60)
    t = 21 + 3 * np.sin(2 * np.pi * minute / 400) + rng.normal(0, 0.03, len(minute))
    h = 45 + rng.normal(0, 1, len(minute))
    return make_log(folder / "days.csv", t, h, period_s)


def test_a_share_where_a_channel_goes_on_and_none_where_it_does_not(days: Log) -> None:
    facts, why = choose_outlook(days, PERIOD_MS, ANY)
    assert facts is not None
    check_heads({"next": facts}, 2, 2, PERIOD_MS)
    assert (facts["k"], facts["minutes"]) == (5, [30, 60])
    assert min(facts["t"]) > 100
    assert facts["h"] == [0, 0]
    assert why.startswith("forecasts for 30 and 60 min: the reading plus a share of its distance")
    assert why.endswith("humidity 0.00 and 0.00")
    judged = {(f.channel, f.minutes): f for f in judge_outlook(facts, days, PERIOD_MS, ANY)}
    assert judged["t", 30].error < 0.7 * judged["t", 30].unchanged
    assert judged["h", 30].error == judged["h", 30].unchanged
    for forecast in judged.values():
        assert 0.86 < forecast.inside < 0.94


def test_no_other_share_is_better(days: Log) -> None:
    facts, _ = choose_outlook(days, PERIOD_MS, ANY)
    assert facts is not None
    fit = days.select(slice(0, int(0.7 * len(days))))
    errors = []
    for change in (-12, 0, 12):
        other = facts | {"t": [share + change for share in facts["t"]]}
        judged = judge_outlook(other, fit, PERIOD_MS, ANY)
        errors.append([f.error for f in judged if f.channel == "t"])
    assert (np.array(errors[1]) < errors[0]).all() and (np.array(errors[1]) < errors[2]).all()


def test_the_host_computes_what_the_node_says(days: Log) -> None:
    rows = np.ones(600, dtype=bool)
    rows[200:220] = False
    log = days.select(np.flatnonzero(rows))
    readings = readings_of(log, PERIOD_MS, ANY, 5)
    facts = {"k": 5, "minutes": [30, 60], "t": [166, 294], "h": [151, 0]}
    facts |= {"t_band": [1, 2], "h_band": [3, 4]}
    said = said_next(facts, readings, PERIOD_MS)
    shares = np.array([facts["t"], facts["h"]]).T
    ahead = readings.ahead.astype(int)[:, None, :]
    assert (said == 10 * readings.x[:, None, :] + ((shares * ahead + 128) >> 8)).all()
    after_gap = int(np.flatnonzero(readings.age == 1)[1])
    assert after_gap == 200
    # nothing is known of what came after the last half hour before the gap
    rows_known, after = readings.pair_ahead(30)
    assert set(range(170, 200)).isdisjoint(rows_known.tolist())
    assert (readings.slot[after] - readings.slot[rows_known] == 30).all()


def test_a_read_that_failed_when_it_was_due(days: Log) -> None:
    log = days.select(slice(0, 100))
    log = replace(log, valid=np.arange(100) != 40)
    readings = readings_of(log, PERIOD_MS, ANY, 5)
    rows, after = readings.pair_ahead(30)
    steps = readings.slot[after] - readings.slot[rows]
    assert steps.tolist().count(31) == 1 and set(steps.tolist()) == {30, 31}


def test_less_than_two_days_teach_nothing(days: Log) -> None:
    facts, why = choose_outlook(days.select(slice(0, 2 * DAY - 10)), PERIOD_MS, ANY)
    assert facts is None
    assert why == "no forecasts: 2.0 days of readings of a node, 2 are needed"
    facts, _ = choose_outlook(days.select(slice(0, 2 * DAY)), PERIOD_MS, ANY)
    assert facts is not None


def test_noise_teaches_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (2, 3 * DAY))
    facts, why = choose_outlook(
        make_log(tmp_path / "n.csv", 20 + noise[0], 50 + noise[1]), PERIOD_MS, ANY
    )
    assert (facts, why) == (
        None,
        "no forecasts: none was better than 'no change' on held-out readings",
    )


def test_stretches_of_minutes_teach_nothing(tmp_path: Path, days: Log) -> None:
    pieces = days.select(np.flatnonzero(np.arange(len(days)) % 30 < 20))
    facts, why = choose_outlook(pieces, PERIOD_MS, ANY)
    assert (facts, why) == (None, "no forecasts: too few hours without a gap")


@pytest.mark.parametrize(
    ("period_ms", "k", "minutes"),
    [(31_000, 6, [30, 60]), (120_000, 4, [30, 60]), (2_400_000, 1, [60])],
)
def test_another_period(tmp_path: Path, period_ms: int, k: int, minutes: list[int]) -> None:
    facts, _ = choose_outlook(make_days(tmp_path, period_ms / 1000), period_ms, ANY)
    assert facts is not None
    assert (facts["k"], facts["minutes"]) == (k, minutes)


def test_the_office_of_uci(real_data: Path) -> None:
    """Better than 'as it is now' on each part of the test, which took no part in the choice."""
    fit, test = split_log(real_data, Split("occupied", split_col="split", train_value="train"))
    facts, _ = choose_outlook(fit, fit.period_ms, ANY)
    assert facts is not None
    for forecast in judge_outlook(facts, test, fit.period_ms, ANY):
        assert forecast.rows > 12_000
        assert forecast.error < 0.9 * forecast.unchanged, forecast
        assert 0.83 < forecast.inside < 0.95


def test_train_and_inspect_say_it(tmp_path: Path) -> None:
    log = make_days(tmp_path, 300)
    arguments = ["train", log.path, "--unlabelled", "--false-alarms", "1/day", "--out"]
    result = edgewise(*arguments, "ahead", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    package = load_package(tmp_path / "ahead")
    assert package.heads["next"]["minutes"] == [30, 60]
    judged = {(f["channel"], f["minutes"]): f for f in package.info["forecasts"]}
    t, h = judged["t", 60], judged["h", 60]
    assert (
        f"in 60 min, on average: temperature {t['error']:.2f} C off ({t['unchanged']:.2f} if "
        f"nothing changed), humidity {h['error']:.2f} %RH off ({h['unchanged']:.2f} if nothing"
    ) in result.stderr
    shown = edgewise("inspect", "ahead", cwd=tmp_path).stdout
    assert re.search("^heads  .*forecasts for 30 and 60 min$", shown, re.MULTILINE), shown
    page = (tmp_path / "ahead/report.html").read_text()
    assert "<h2>Forecasts</h2>" in page
    without = edgewise(*arguments, "without", "--next", "off", cwd=tmp_path)
    assert without.returncode == 0 and "forecast" not in without.stderr
    assert "next" not in load_package(tmp_path / "without").heads
