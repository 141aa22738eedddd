from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.broker.mosquitto import Mosquitto, anonymous
from tests.e2e.operator_of import Operator
from tests.linux.computer import Computer, build_preload
from tests.linux.settings import SECRET, options

from edgewise.package.store import Package

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture(scope="session")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_preload(tmp_path_factory)


@pytest.fixture
def computer(tmp_path: Path, preload: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    folder = tmp_path / "computer"
    folder.mkdir()
    return Computer(folder, preload, monkeypatch)


@pytest.fixture
def broker(place: Path) -> Iterator[Mosquitto]:
    """A broker that keeps the collector's subscription while it is away."""
    config = f"max_queued_messages 0\npersistence true\nuser {getpass.getuser()}\n"
    with anonymous(place, config) as running:
        yield running


@pytest.fixture
def arguments(computer: Computer, model: Package, broker: Mosquitto) -> list[str]:
    computer.add_sensor(in_temp_input="21200", in_humidityrelative_input="40500")
    return options(computer.folder, model, broker)


@pytest.fixture
def operator(broker: Mosquitto) -> Iterator[Operator]:
    made = Operator(broker.url)
    made.secret = SECRET
    yield made
    made.close()
