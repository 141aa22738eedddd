"""A room's log of ten ordinary days, its detector, and a day with events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.shared import once

from edgewise.compile import compile_model
from edgewise.features.splitting import split_log
from edgewise.logs.log import Log, read_log
from edgewise.package.store import Package, load_package
from edgewise.unusual.training import train_detector

PERIOD_S, START_S = 120, 1_699_920_000  # a midnight
DAY_ROWS = 86400 // PERIOD_S


def ordinary(days: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Temperature and humidity: day and night, noise, and a window opened twice a day."""
    r = np.random.default_rng(seed)
    n = days * DAY_ROWS
    day = np.arange(n) / DAY_ROWS
    t_c = 20 + 2 * np.sin(2 * np.pi * day) + r.normal(0, 0.08, n)
    h_pct = 45 - 5 * np.sin(2 * np.pi * day) + r.normal(0, 0.25, n)
    for start in r.integers(0, n - 30, 2 * days):
        opened = np.arange(30)
        h_pct[start : start + 30] -= r.uniform(2, 4) * np.exp(-((opened - 10) ** 2) / 30)
    return t_c, h_pct


def write_log(path: Path, t_c: np.ndarray, h_pct: np.ndarray, start_s: int = START_S) -> Path:
    rows = [
        f"{start_s + PERIOD_S * i},{t:.1f},{h:.1f}"
        for i, (t, h) in enumerate(zip(t_c, h_pct, strict=True))
    ]
    path.write_text("\n".join(["time,temperature,humidity", *rows]) + "\n")
    return path


@pytest.fixture(scope="session")
def ordinary_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("unusual") / "room.csv", *ordinary(10, seed=1))


@pytest.fixture(scope="session")
def event_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day with a spike at 120, a shower from 250 to 280, and a sensor stuck from 500 to 690."""
    t_c, h_pct = ordinary(1, seed=2)
    t_c[120] += 12
    h_pct[250:280] += np.linspace(0, 35, 30)
    t_c[500:690] = 21.0
    path = tmp_path_factory.mktemp("unusual") / "events.csv"
    return write_log(path, t_c, h_pct, START_S + 20 * 86400)


@pytest.fixture(scope="session")
def event_log(event_path: Path) -> Log:
    return read_log(event_path)


@pytest.fixture(scope="session")
def detector_package(ordinary_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    def build(folder: Path) -> None:
        training, testing = split_log(ordinary_path, needs_label=False)
        compile_model(train_detector(training, testing, 1.0), folder / "room", {})

    return load_package(once(tmp_path_factory, "unusual", build) / "room")
