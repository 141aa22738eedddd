"""Real brokers on loopback, and a small model from a generated log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.databases import server, url  # noqa: F401 - fixtures
from tests.e2e.mosquitto import anonymous
from tests.e2e.operator_of import Operator
from tests.shared import once

from edgewise import package
from edgewise.broker import EmbeddedBroker
from edgewise.compiling import compile_model
from edgewise.logcsv import Log, read_log
from edgewise.package import Package
from edgewise.splitting import parts
from edgewise.training import train


def small_log(path: Path, rows: int = 600, nodes: int = 1) -> Path:
    """A room whose window is open now and then: humid and cold, or dry and warm."""
    rng = np.random.default_rng(7)
    lines = ["time,node,temperature,humidity,status"]
    for row in range(rows):
        for node in range(nodes):
            opened = (row // 50 + node) % 2
            t_c = 21 - 6 * opened + rng.normal(0, 0.4)
            h_pct = 40 + 20 * opened + rng.normal(0, 1)
            lines.append(
                f"{1_700_000_000 + 30 * row},n{node},{t_c:.1f},{h_pct:.1f},"
                f"{'open' if opened else 'closed'}"
            )
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_log(tmp_path_factory.mktemp("log") / "window.csv")


@pytest.fixture(scope="session")
def log(log_path: Path) -> Log:
    return read_log(log_path)


@pytest.fixture(scope="session")
def model(log_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    def build(folder: Path) -> None:
        compile_model(train(*parts(log_path)), folder / "window", {})

    return package.load(once(tmp_path_factory, "window", build) / "window")


@pytest.fixture(params=["amqtt", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a running broker."""
    if request.param == "amqtt":
        with EmbeddedBroker() as running:
            yield running.url
        return
    with anonymous(tmp_path) as running:
        yield running.url


@pytest.fixture
def operator(broker: str) -> Iterator[Operator]:
    made = Operator(broker)
    yield made
    made.close()
