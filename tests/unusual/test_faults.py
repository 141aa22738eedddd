"""Real rooms with injected faults (EDGEWISE_DATA/intel_faults_injected): found, and false alarms.

Takes minutes, so `make test-all` runs it; the figures of docs/unusual.md:
EDGEWISE_TESTS=whole pytest -s tests/unusual/test_faults.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.counts import WHOLE

from edgewise.features.splitting import Split, split_by_time, split_log
from edgewise.features.table import Table, build_table
from edgewise.logs import public
from edgewise.logs.choices import Choices
from edgewise.logs.log import Log, read_log
from edgewise.training import Trained
from edgewise.unusual.episodes import count_episodes
from edgewise.unusual.training import train_detector

FAULTS = {"1": "spike", "2": "noise", "4": "bias", "8": "drift"}
TRAINED_ON = ["1", "4", "6", "19", "22"]
LATE = 4  # readings after a spike in which it must be found: a gap may end the windows before it
pytestmark = pytest.mark.skipif(not WHOLE, reason="only in make test-all")


@pytest.fixture(scope="module")
def rooms() -> Log:
    path = Path(os.environ.get("EDGEWISE_DATA", "")) / "intel_faults_injected"
    if not path.is_dir():
        pytest.skip("no real data: set EDGEWISE_DATA")
    choices = Choices(time="s", date_format="s", as_is=True)
    return read_log(path / "intel_faults_mixed.csv.gz", "fault", "mote", choices=choices)


@pytest.fixture(scope="module")
def model(rooms: Log) -> Trained:
    ordinary = rooms.select(rooms.label == "0")
    is_training = np.isin(ordinary.node, TRAINED_ON)
    return train_detector(ordinary.select(is_training), ordinary.select(~is_training), 1.0)


def runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First row and end of each run of true rows."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def said_unusual(model: Trained, log: Log) -> tuple[NDArray[np.bool_], Table]:
    table = build_table(log, model.features, model.filters, model.period_ms, model.max_delta)
    return table.valid & (model.estimator.predict(table.x) == 1), table


def find(model: Trained, log: Log) -> dict[str, tuple[int, int, int]]:
    """Each fault: its episodes, those with an unusual reading, those that are no readings."""
    is_unusual, table = said_unusual(model, log)
    found = dict.fromkeys(FAULTS.values(), (0, 0, 0))
    for rows in log.series():
        for fault, name in FAULTS.items():
            for start, end in runs_of(log.label[rows] == fault):  # type: ignore[index]
                is_refused = not table.valid[rows[start:end]].any()
                is_found = not is_refused and bool(is_unusual[rows[start : end + LATE]].any())
                n, hits, refused = found[name]
                found[name] = n + 1, hits + is_found, refused + is_refused
    return found


def divisions(rooms: Log) -> Iterator[tuple[Log, Log]]:
    """Days that choose the limits, and later days or other rooms that count false alarms."""
    office = public.get().path
    for part in ("train,test1", "test2"):
        yield split_log(office, Split(split_col="split", train_value=part), needs_label=False)
    log = read_log(office, group=None, split="split")
    order = np.argsort(log.time_s, kind="stable")
    yield split_by_time(log.select(order))
    ordinary = rooms.select(rooms.label == "0")
    is_first = np.isin(ordinary.node, TRAINED_ON)
    yield ordinary.select(is_first), ordinary.select(~is_first)
    yield ordinary.select(~is_first), ordinary.select(is_first)
    for node in sorted(set(ordinary.node)):
        room = ordinary.select(ordinary.node == node)
        is_early = room.time_s < room.time_s.min() + 0.65 * np.ptp(room.time_s)
        yield room.select(is_early), room.select(~is_early)


@pytest.mark.parametrize("wanted", [1.0, 7.0])
def test_the_wanted_rate_holds_over_all_divisions(rooms: Log, wanted: float) -> None:
    episodes, days = 0, 0.0
    for fit, test in divisions(rooms):
        detector = train_detector(fit, test, wanted).detector
        assert detector is not None
        print(fit.path, fit.node[0], detector.chosen, detector.test)
        episodes, days = episodes + detector.test.episodes, days + detector.test.days
    print(f"wanted {wanted:g}: {episodes} in {days:.1f} days, {7 * episodes / days:.2f} a week")
    assert 7 * episodes / days <= 1.5 * wanted


def test_a_log_full_of_faults_teaches_that_they_are_usual(rooms: Log) -> None:
    is_training, is_ordinary = np.isin(rooms.node, TRAINED_ON), rooms.label == "0"
    others = rooms.select(~is_training)
    for wanted in (1.0, 21.0):
        model = train_detector(
            rooms.select(is_training), rooms.select(~is_training & is_ordinary), wanted
        )
        found = find(model, others)
        print(wanted, found, model.detector and model.detector.test)
        assert (found["spike"][1] > 0) is (wanted > 1)


def test_spikes_are_found_in_other_rooms(rooms: Log, model: Trained) -> None:
    others = rooms.select(~np.isin(rooms.node, TRAINED_ON))
    found = find(model, others)
    is_unusual, _ = said_unusual(model, others)
    for fault, name in FAULTS.items():
        print(f"{name}: {is_unusual[others.label == fault].mean():.0%} of its rows are unusual")
    for name, (n, hits, refused) in found.items():
        print(f"{name}: {hits} of {n - refused} found, {refused} more are outside -40..80 C")
    n, hits, refused = found["spike"]
    assert hits >= 0.95 * (n - refused)
    assert all(hits >= 0.85 * (n - refused) for n, hits, refused in found.values())


def test_ordinary_days_of_other_rooms_are_quiet(rooms: Log, model: Trained) -> None:
    detector = model.detector
    assert detector is not None
    print(detector)
    test = model.testing
    is_unusual = model.estimator.predict(test.x) == 1
    episodes = count_episodes(test.time_s, test.node, is_unusual, 33_000)
    assert episodes == detector.test.episodes
    rate = detector.test.per_week
    assert rate is not None and rate <= 1
