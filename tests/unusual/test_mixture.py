"""What a mixture of Gaussians would find that limits do not: the table of docs/models.md.

It is not built, and this says why. Takes minutes, so `make test-all` runs it:
EDGEWISE_TESTS=whole pytest -s tests/unusual/test_mixture.py with EDGEWISE_DATA, and UCI 374 in it
as tests/unusual/test_first_week_rooms.py has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from tests.counts import WHOLE
from tests.unusual.test_faults import FAULTS, LATE, TRAINED_ON, runs_of
from tests.unusual.test_first_week_rooms import data, energy_room, intel

from edgenode.core.detector import gap_slots
from edgewise.features.table import ANY, build_table, series_slots
from edgewise.logs.log import Log, read_log

__all__ = ["data", "intel"]  # fixtures
pytestmark = pytest.mark.skipif(not WHOLE, reason="only in make test-all")
SETS = {
    "levels": ["t_level", "h_level"],
    "levels and slow": ["t_level", "h_level", "t_dev_60", "h_dev_60", "t_slope_60", "h_slope_60"],
    "slow": ["t_dev_60", "h_dev_60", "t_slope_60", "h_slope_60", "t_std_15", "h_std_15"],
}
COMPONENTS = 4
BLOCKS = 5
DAY_S, WEEK_DAYS = 86400, 7
Scorer = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Readings:
    """The valid readings of a node, in order."""

    x: NDArray[Any]
    slot: NDArray[Any]
    time_s: NDArray[Any]
    label: NDArray[Any]
    period_ms: int

    def select(self, mask: NDArray[np.bool_]) -> Readings:
        return Readings(
            self.x[mask], self.slot[mask], self.time_s[mask], self.label[mask], self.period_ms
        )

    @property
    def days(self) -> float:
        return len(self.x) * self.period_ms / 1000 / DAY_S

    def episodes(self, is_unusual: NDArray[np.bool_]) -> int:
        slots = self.slot[is_unusual]
        return int((np.diff(slots) >= gap_slots(self.period_ms)).sum()) + 1 if len(slots) else 0


def readings_of(log: Log, features: list[str]) -> dict[str, Readings]:
    found = {}
    for rows in log.series():
        part = log.select(rows)
        table = build_table(part, features, [], log.period_ms, ANY)
        slot = np.cumsum(series_slots(part.time_s, log.period_ms))
        label = np.full(len(part), "0") if part.label is None else part.label.astype(str)
        whole = Readings(table.x.astype(float), slot, part.time_s, label, log.period_ms)
        found[str(part.node[0])] = whole.select(table.valid)
    return found


def fit(parts: list[NDArray[Any]]) -> Scorer:
    """How far a reading is from the largest component, as a node would compute it."""
    x = np.concatenate(parts)
    mean, std = x.mean(axis=0), x.std(axis=0) + 1e-9
    g = GaussianMixture(COMPONENTS, covariance_type="diag", random_state=0, reg_covar=0.01)
    g.fit((x - mean) / std)
    constant = np.log(g.weights_) - 0.5 * np.log(g.covariances_).sum(axis=1)

    def score(x: NDArray[Any]) -> NDArray[Any]:
        z = ((x - mean) / std)[:, None]
        squares = ((z - g.means_) ** 2 / g.covariances_).sum(axis=2)
        return np.asarray(-(constant - 0.5 * squares).max(axis=1))

    return score


def threshold(held: list[tuple[Readings, NDArray[Any]]]) -> float:
    """The lowest with at most one episode a week and node on what was held out."""
    allowed = sum(r.days for r, _ in held) / WEEK_DAYS
    scores = np.concatenate([s for _, s in held])
    best = float(scores.max())
    for value in np.unique(np.quantile(scores, np.linspace(0.5, 1, 800)))[::-1]:
        if sum(r.episodes(s > value) for r, s in held) > allowed:
            break
        best = float(value)
    return best


def by_blocks(room: Readings, n: int) -> tuple[Scorer, float]:
    """A mixture of a room, and the threshold from blocks of its time that were held out."""
    block = np.arange(len(room.x)) * n // len(room.x)
    held = []
    for i in range(n):
        part = room.select(block == i)
        held.append((part, fit([room.x[block != i]])(part.x)))
    return fit([room.x]), threshold(held)


class Tally:
    """False alarms on ordinary readings, and the faults that are found."""

    def __init__(self) -> None:
        self.alarms, self.days = 0, 0.0
        self.faults = {name: np.zeros(4, dtype=int) for name in FAULTS.values()}

    def add(self, score: Scorer, limit: float, ordinary: Readings, faulty: Readings) -> None:
        self.alarms += ordinary.episodes(score(ordinary.x) > limit)
        self.days += ordinary.days
        unusual = score(faulty.x) > limit
        for fault, name in FAULTS.items():
            is_fault = faulty.label == fault
            self.faults[name][2:] += unusual[is_fault].sum(), is_fault.sum()
            for start, end in runs_of(is_fault):
                self.faults[name][:2] += unusual[start : end + LATE].any(), 1

    def show(self, title: str) -> None:
        faults = ", ".join(
            f"{name} {n[0]} of {n[1]} ({n[2] / n[3]:.0%} of the rows)"
            for name, n in self.faults.items()
        )
        rate = WEEK_DAYS * self.alarms / self.days
        print(f"{title}: {self.alarms} in {self.days:.1f} days, {rate:.2f} a week; {faults}")


@pytest.mark.parametrize("name", SETS)
def test_of_other_rooms_it_finds_less_than_limits(intel: Log, name: str) -> None:
    ordinary = readings_of(intel.select(intel.label == "0"), SETS[name])
    faulty = readings_of(intel, SETS[name])
    held = []
    for node in TRAINED_ON:
        others = [ordinary[other].x for other in TRAINED_ON if other != node]
        held.append((ordinary[node], fit(others)(ordinary[node].x)))
    limit, score = threshold(held), fit([ordinary[node].x for node in TRAINED_ON])
    tally = Tally()
    for node in sorted(set(ordinary) - set(TRAINED_ON)):
        tally.add(score, limit, ordinary[node], faulty[node])
    tally.show(f"other rooms, {name}")
    # limits: 7 of 8 each
    assert tally.faults["noise"][0] < 7 and tally.faults["bias"][0] < 7


@pytest.mark.parametrize("name", SETS)
def test_of_the_same_room_levels_find_bias_and_drift(intel: Log, name: str) -> None:
    ordinary = readings_of(intel.select(intel.label == "0"), SETS[name])
    tally = Tally()
    for node, faulty in readings_of(intel, SETS[name]).items():
        room = ordinary[node]
        cut_s = room.time_s.min() + 0.65 * np.ptp(room.time_s)
        score, limit = by_blocks(room.select(room.time_s < cut_s), BLOCKS)
        later = room.select(room.time_s >= cut_s)
        tally.add(score, limit, later, faulty.select(faulty.time_s >= cut_s))
    tally.show(f"same room, {name}")


def test_but_the_season_makes_levels_unusual(data: Path, tmp_path: Path) -> None:
    paths = [energy_room(data, room, tmp_path) for room in "12345789"]
    rooms = [readings_of(read_log(path), SETS["levels"]).popitem()[1] for path in paths if path]
    if not rooms:
        pytest.skip("UCI 374 is not in EDGEWISE_DATA")
    for days in (7, 14):
        rates: dict[int, list[tuple[int, float]]] = {}
        for room in rooms:
            day = (room.time_s - room.time_s[0]) / DAY_S
            score, limit = by_blocks(room.select(day < days), WEEK_DAYS)
            for week in range(int((day[-1] - days) / WEEK_DAYS)):
                part = room.select((day - days) // WEEK_DAYS == week)
                unusual = score(part.x) > limit
                rates.setdefault(week, []).append((part.episodes(unusual), unusual.mean()))
        for first, last in ((0, 1), (1, 2), (2, 4), (4, 8), (8, 99)):
            found = np.array([r for w, v in rates.items() if first <= w < last for r in v])
            alarms, share = found.mean(axis=0)
            print(f"{days} days, weeks {first + 1} to {last}: {alarms:.2f} a week, {share:.0%}")
        assert alarms > 1
