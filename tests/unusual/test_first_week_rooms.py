"""The first week in real rooms: false alarms and spikes from day to day, the figures of
docs/models.md.

Takes minutes, so `make test-all` runs it: EDGEWISE_TESTS=whole pytest -s
tests/unusual/test_first_week_rooms.py with EDGEWISE_DATA. Where that has
appliances_energy/energydata_complete.csv (UCI 374), its nine rooms count as well.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.counts import WHOLE
from tests.unusual.test_faults import FAULTS, LATE, runs_of

from edgenode.core.detector import Detector as Head
from edgenode.core.learn import Learner
from edgewise.features.table import ANY, build_table, series_slots
from edgewise.logs.choices import Choices
from edgewise.logs.log import Log, read_log
from edgewise.training.detector import Alarms, Detector
from edgewise.unusual.first_week import LEARN
from edgewise.unusual.generic import GENERIC
from edgewise.unusual.words import FEATURES

pytestmark = pytest.mark.skipif(not WHOLE, reason="only in make test-all")
DAY_MS = 86_400_000
CHOSE = {"intel": ["1", "4", "6", "19", "22"], "energy": ["1", "2", "4", "5"]}
HELD_OUT = {"intel": ["23", "33", "34", "45"], "energy": ["3", "7", "8", "9"]}
STAGES = ("day 1", "day 2", "days 3 to 7", "day 8 on")
MARGIN = 60  # readings: windows hold a fault so long
SMALL = {"t_range_2": (100, 200), "h_range_2": (500, 1000), "t_range_60": (300,)}
FACTS = Detector(GENERIC, 1.0, 1.0, 1.0, Alarms(0, 0.0), Alarms(0, 0.0)).head(FEATURES)


@dataclass
class Count:
    """By stage: false alarms, days of readings; ``faults``: name -> by stage, episodes and those
    found; ``seen``: the days on which a movement would be found."""

    alarms: list[int] = field(default_factory=lambda: [0] * 4)
    days: list[float] = field(default_factory=lambda: [0.0] * 4)
    faults: dict[str, list[list[int]]] = field(
        default_factory=lambda: {name: [[0, 0] for _ in range(4)] for name in FAULTS.values()}
    )
    seen: dict[tuple[str, int], list[float]] = field(
        default_factory=lambda: {(f, v): [0.0] * 4 for f, values in SMALL.items() for v in values}
    )

    def show(self, title: str) -> None:
        for i, stage in enumerate(STAGES):
            if not self.days[i]:
                continue
            rate = 7 * self.alarms[i] / self.days[i]
            seen = {f"{f} {v}": f"{s[i] / self.days[i]:.0%}" for (f, v), s in self.seen.items()}
            faults = {
                name: "{1} of {0}".format(*n[i]) for name, n in self.faults.items() if n[i][0]
            }
            print(
                f"{title}, {stage}: {self.alarms[i]} in {self.days[i]:.1f} days, {rate:.2f} a week"
                f"; found {faults}; seen {seen}"
            )

    def share(self, name: str) -> float:
        n, found = np.sum(self.faults[name], axis=0)
        return float(found / n)


@dataclass(frozen=True)
class Series:
    """The readings of one node: features, validity, slots and faults."""

    x: list[list[int]]
    valid: list[bool]
    slot: list[int]
    label: NDArray[Any]
    period_ms: int


def series_of(log: Log) -> Iterator[tuple[str, Series]]:
    for rows in log.series():
        part = log.select(rows)
        table = build_table(part, FEATURES, [], log.period_ms, ANY)
        label = np.array(["0"] * len(part)) if part.label is None else part.label.astype(str)
        yield (
            str(part.node[0]),
            Series(
                table.x.tolist(),
                table.valid.tolist(),
                np.cumsum(series_slots(part.time_s, log.period_ms)).tolist(),
                label,
                log.period_ms,
            ),
        )


class Node:
    """What a node says of series, one after the other."""

    def __init__(self, period_ms: int) -> None:
        self.head = Head(FACTS, FEATURES)
        self.learner = Learner(LEARN, self.head, period_ms)
        self.period_ms = period_ms

    @property
    def stage(self) -> int:
        return [0, *LEARN["days"]].index(self.learner.stage)

    def live(self, series: Series, count: Count | None = None) -> None:
        head, learner = self.head, self.learner
        n = len(series.x)
        unusual = np.zeros(n, dtype=bool)
        stage = np.zeros(n, dtype=int)
        begins = []
        for i, slot in enumerate(series.slot):
            if series.valid[i]:
                head.push(series.x[i])
                learner.push(series.x[i])
                unusual[i] = head.is_unusual
            stage[i] = self.stage
            if head.note(slot, series.valid[i], self.period_ms):
                begins += [i for news in head.news if news[2] < 0]
            if count is not None and series.valid[i]:
                count.days[stage[i]] += self.period_ms / DAY_MS
                for feature, value in count.seen:
                    if head.limit[FEATURES.index(feature)] < value:
                        count.seen[feature, value][stage[i]] += self.period_ms / DAY_MS
        # what is still open is over
        head.note(series.slot[-1] + 10**6, False, self.period_ms)
        if count is None:
            return
        for i in begins:
            if (series.label[max(0, i - MARGIN) : i + 1] == "0").all():
                count.alarms[stage[i]] += 1
        valid = np.array(series.valid)
        for fault, name in FAULTS.items():
            for start, end in runs_of(series.label == fault):
                if valid[start:end].any():
                    count.faults[name][stage[start]][0] += 1
                    count.faults[name][stage[start]][1] += int(unusual[start : end + LATE].any())


@pytest.fixture(scope="module")
def data() -> Path:
    path = Path(os.environ.get("EDGEWISE_DATA", ""))
    if not (path / "intel_faults_injected").is_dir():
        pytest.skip("no real data: set EDGEWISE_DATA")
    return path


@pytest.fixture(scope="module")
def intel(data: Path) -> Log:
    choices = Choices(time="s", date_format="s", as_is=True)
    path = data / "intel_faults_injected/intel_faults_mixed.csv.gz"
    return read_log(path, "fault", "mote", choices=choices)


def ordinary_rooms(
    data: Path, intel: Log, wanted: dict[str, list[str]], folder: Path
) -> Iterator[Series]:
    ordinary = intel.select(intel.label == "0")
    yield from (s for name, s in series_of(ordinary) if name in wanted["intel"])
    if wanted is CHOSE:
        log = read_log(data / "uci_occupancy/uci_occupancy_th.csv", group=None, split="split")
        yield from (s for _, s in series_of(log.select(np.argsort(log.time_s, kind="stable"))))
    for room in wanted["energy"]:
        if (path := energy_room(data, room, folder)) is not None:
            yield from (s for _, s in series_of(read_log(path)))


def energy_room(data: Path, room: str, folder: Path) -> Path | None:
    """The log of a room; None without the data set."""
    source = data / "appliances_energy/energydata_complete.csv"
    if not source.is_file():
        return None
    lines = ["time,temperature,humidity"]
    for row in csv.DictReader(source.read_text().splitlines()):
        text = row["date"]
        form = "%d/%m/%Y %H:%M" if "/" in text else "%Y-%m-%d %H:%M:%S"
        ts = datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        lines.append(f"{ts:.0f},{float(row['T' + room]):.2f},{float(row['RH_' + room]):.2f}")
    path = folder / f"energy-{room}.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("wanted", [CHOSE, HELD_OUT], ids=["chose", "held-out"])
def test_ordinary_days_have_at_most_one_false_alarm_a_week(
    data: Path, intel: Log, wanted: Any, tmp_path: Path
) -> None:
    count = Count()
    for series in ordinary_rooms(data, intel, wanted, tmp_path):
        Node(series.period_ms).live(series, count)
    count.show("chose" if wanted is CHOSE else "held out")
    # one a week; of less than a week, one tells nothing
    assert all(n <= max(1, d / 7) for n, d in zip(count.alarms, count.days, strict=True))


def test_spikes_are_found_from_the_first_day_on(intel: Log) -> None:
    # a node that learns while its sensor fails in 17 % of the readings
    count = Count()
    for name, series in series_of(intel):
        if name in HELD_OUT["intel"]:
            Node(series.period_ms).live(series, count)
    count.show("learnt with faults")
    assert count.share("spike") >= 0.95


def test_spikes_are_found_after_an_ordinary_week(intel: Log) -> None:
    ordinary = dict(series_of(intel.select(intel.label == "0")))
    count = Count()
    for name, series in series_of(intel):
        if name in HELD_OUT["intel"]:
            node = Node(series.period_ms)
            while node.stage < len(STAGES) - 1:
                node.live(ordinary[name])
            node.live(series, count)
    count.show("after an ordinary week")
    assert count.share("spike") >= 0.95
    assert count.share("drift") >= 0.85
    assert count.share("bias") >= 0.85
    assert all(count.share(name) >= 0.75 for name in FAULTS.values())
