"""Real rooms with injected faults (EDGEWISE_DATA/intel_faults_injected): found, and false alarms.

Takes half a minute, so `make test-all` runs it; the figures of docs/unusual.md:
EDGEWISE_TESTS=whole pytest -s tests/unusual/test_faults.py
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.counts import WHOLE

from edgewise.features.table import build_table
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


def find(model: Trained, log: Log) -> dict[str, tuple[int, int, int]]:
    """Each fault: its episodes, those with an unusual reading, those that only a node refuses."""
    table = build_table(log, model.features, model.filters, model.period_ms, model.max_delta)
    is_unusual = table.valid & (model.estimator.predict(table.x) == 1)
    found = dict.fromkeys(FAULTS.values(), (0, 0, 0))
    for rows in log.series():
        for fault, name in FAULTS.items():
            for start, end in runs_of(log.label[rows] == fault):  # type: ignore[index]
                is_found = bool(is_unusual[rows[start : end + LATE]].any())
                is_refused = not is_found and not table.valid[rows[start:end]].any()
                n, hits, refused = found[name]
                found[name] = n + 1, hits + is_found, refused + is_refused
    return found


def test_spikes_are_found_in_other_rooms(rooms: Log, model: Trained) -> None:
    found = find(model, rooms.select(~np.isin(rooms.node, TRAINED_ON)))
    for name, (n, hits, refused) in found.items():
        print(f"{name}: {hits} of {n} found, {refused} more are no reading (outside -40..80 C)")
    n, hits, refused = found["spike"]
    assert hits >= 0.95 * (n - refused)
    assert all(hits >= 0.85 * (n - refused) for n, hits, refused in found.values())


def test_ordinary_days_of_other_rooms_are_quiet(rooms: Log, model: Trained) -> None:
    detector = model.detector
    assert detector is not None
    print(detector)
    assert (
        count_episodes(
            model.time_test_s, model.node_test, model.estimator.predict(model.x_test) == 1, 33_000
        )
        == detector.test.episodes
    )
    rate = detector.test.per_week
    assert rate is not None and rate <= 1
