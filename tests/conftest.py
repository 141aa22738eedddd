"""What every test may use. A missing tool fails with the command that installs it."""

from __future__ import annotations

import gc
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import skops.io  # noqa: F401 - it walks through all modules that are there: the fewer the better
from sqlalchemy import Engine
from tests.broker.mosquitto import anonymous
from tests.counts import count
from tests.database.databases import server, url  # noqa: F401 - fixtures
from tests.e2e.operator_of import Operator
from tests.shared import BROKERS, once, small_log

from edgewise.broker.embedded import EmbeddedBroker
from edgewise.compile import compile_model
from edgewise.database import open_db
from edgewise.features.splitting import split_log
from edgewise.logs.log import Log, read_log
from edgewise.package.store import Package, load_package
from edgewise.training import Budget, train

collect_ignore = ["run_micropython.py", "node/micropython"]  # see simulator/test_on_micropython.py
REPO = Path(__file__).resolve().parent.parent
# A shell starts what runs in the background with Ctrl-C ignored, and commands would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


gc.disable()  # what the collection makes stays


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first: no core waits for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def repo() -> Path:
    return REPO


@pytest.fixture(scope="session")
def micropython_command() -> list[str]:
    """The start of a command line that runs the unix port."""
    from edgewise.errors import EdgewiseError
    from edgewise.toolchain import micropython

    try:
        return micropython.command()
    except EdgewiseError as e:
        pytest.fail(f"{e} (make setup does it)", pytrace=False)


@pytest.fixture(scope="session")
def umqtt_dir() -> Path:
    """A folder with umqtt/simple.py for MICROPYPATH."""
    from edgewise.errors import EdgewiseError
    from edgewise.toolchain import umqtt

    try:
        return umqtt.fetch()
    except EdgewiseError as e:
        pytest.fail(str(e), pytrace=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real UCI log; skips where it cannot be had."""
    from edgewise.logs import public

    found = public.get()
    if found.synthetic:
        pytest.skip("no real data: set EDGEWISE_DATA or connect to the network")
    return found.path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of downloads (with a space in its name), not there yet."""
    folder = tmp_path / "a cache"
    monkeypatch.setenv("EDGEWISE_CACHE", str(folder))
    monkeypatch.delenv("EDGEWISE_MICROPYTHON", raising=False)
    return folder


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder through which any user may pass, as mosquitto must when root starts it."""
    with tempfile.TemporaryDirectory(prefix="edgewise-place-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="session")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_log(tmp_path_factory.mktemp("log") / "window.csv")


@pytest.fixture(scope="session")
def log(log_path: Path) -> Log:
    return read_log(log_path)


@pytest.fixture(scope="session")
def model(log_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    def build(folder: Path) -> None:
        compile_model(train(*split_log(log_path), Budget(60)), folder / "window", {})

    return load_package(once(tmp_path_factory, "window", build) / "window")


@pytest.fixture(params=count(["mosquitto"], BROKERS))
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a running broker; `both_brokers` where the broker makes a difference."""
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


@pytest.fixture
def db(tmp_path: Path) -> str:
    """The URL of a SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path / 'edgewise.db'}"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database without rows."""

    def build(folder: Path) -> None:
        open_db(f"sqlite:///{folder / 'empty.db'}").dispose()

    return once(tmp_path_factory, "empty", build) / "empty.db"


@pytest.fixture
def engine(db: str, tmp_path: Path, empty_file: Path) -> Iterator[Engine]:
    """The same, opened and empty."""
    shutil.copyfile(empty_file, tmp_path / "edgewise.db")
    engine = open_db(db)
    yield engine
    engine.dispose()
