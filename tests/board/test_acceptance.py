"""The acceptance of a board: from the flash through two outages to a power cut, nothing is lost.

EDGEWISE_TEST_PORT is its port, EDGEWISE_TEST_CONFIG a node.toml for it; docs/board.md has the
other variables. The transcript is in the folder of the test, and on the terminal with -s.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from tests.board.acceptance import (
    PERIOD_MS,
    Broker,
    Key,
    Line,
    Transcript,
    lost,
    make_broker,
    node_settings,
)
from tests.command import edgewise
from tests.shared import LIMIT_S, wait_until

from edgewise import settings
from edgewise.board.ports import has_lines, open_port
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.database.schema import clash, reading
from edgewise.package.store import Package

PORT = os.getenv("EDGEWISE_TEST_PORT", "")
CONFIG = os.getenv("EDGEWISE_TEST_CONFIG", "")
IMAGE = os.getenv("EDGEWISE_TEST_IMAGE", "")
POWER = os.getenv("EDGEWISE_TEST_POWER", "")
IS_FLASHED = os.getenv("EDGEWISE_TEST_FLASHED", "") == "1"
OUTAGE = 60_000 // PERIOD_MS  # readings: a minute on the board's clock


class Walk:
    """The steps of a board, its readings and the free bytes of its heap."""

    def __init__(
        self,
        folder: Path,
        model: Path,
        values: dict[str, Any],
        broker: Broker,
        engine: Engine,
        transcript: Transcript,
    ) -> None:
        self.values = values
        self.broker = broker
        self.transcript = transcript
        self.line = Line(PORT, self.transcript.say)
        self._folder = folder
        self._model = model
        self._engine = engine
        self._boot = 0  # the newest when the step began

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """A step of the transcript; at its end the node answers, and has dropped nothing."""
        self.transcript.say(f"== {text}")
        heard = len(self.line.heap_bytes)
        self._boot = max(self.line.readings, default=(0, 0))[0]
        yield
        diag = json.loads(self.to_node("command", "diag", is_shown=False))["value"]
        heaps = [*self.line.heap_bytes[heard:], diag["heap"]]
        self.transcript.say(
            f"   {len(self.stored())} readings stored; "
            f"heap free {min(heaps)} to {max(heaps)} bytes; dropped {diag['dropped']}, "
            f"missed {diag['missed']}, late {diag['late']}, reset {diag['reset']}, "
            f"reads {diag['reads']}"
        )
        assert diag["dropped"] == 0, diag

    def run(self, *arguments: str | Path, is_shown: bool = True) -> str:
        """Let an edgewise command end well; what it printed on stdout."""
        words = (a.name if isinstance(a, Path) else a for a in arguments)
        self.transcript.say(f"$ edgewise {' '.join(words)}")
        result = edgewise(*arguments, cwd=self._folder, EDGEWISE_BROKER=self.broker.address)
        if is_shown or result.returncode:
            self.transcript.say(result.stderr + result.stdout)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def to_node(self, *command: str | Path, is_shown: bool = True) -> str:
        """`run` of a command for the node; one JSON object."""
        node = ["--node", self.values["node"]]
        return self.run(*command, *node, *self.broker.options, "--json", is_shown=is_shown)

    def build(self) -> None:
        settings.write(self._folder / "node.toml", self.values, force=True)
        self.run("build", "--model", self._model)

    def stored(self) -> set[Key]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(reading.c.boot, reading.c.seq))
            return {(boot, seq) for boot, seq in rows}

    def missing(self) -> list[str]:
        return lost(set(self.line.readings), self.stored())

    def summary(self) -> str:
        """How many readings there are of each start, and which a restart took with it."""
        counts = Counter(boot for boot, _ in self.stored())
        text = ", ".join(f"{n} of boot {boot}" for boot, n in sorted(counts.items()))
        last = [f"boot {b}, seq {n}" for b, n in sorted(self.line.readings - self.stored())]
        return f"{text}; heard last before a restart and not stored: {', '.join(last) or 'none'}"

    def wait_until_stored(self, is_new_start: bool = False) -> None:
        """Until nothing is missing, with ``is_new_start`` after a start within this step."""

        def is_stored() -> bool:
            boot, _ = max(self.stored(), default=(0, 0))
            return boot >= max(1, self._boot + is_new_start) and not self.missing()

        wait_until(is_stored, self.missing)

    def wait_for_readings(self, n: int) -> None:
        """Until ``n`` more are heard on the line."""
        end = len(self.line.readings) + n
        wait_until(lambda: len(self.line.readings) >= end, lambda: "the line is silent")

    def cut_power(self) -> None:
        """By the command of EDGEWISE_TEST_POWER; without one a reset takes its place."""
        if POWER:
            self.transcript.say("   the power goes and comes")
            subprocess.run(POWER, shell=True, check=True, timeout=LIMIT_S)
            return
        from esptool.reset import HardReset

        self.transcript.say("   a reset by the port's lines, for want of EDGEWISE_TEST_POWER")
        with open_port(PORT) as line:
            line.dtr = False  # with both lines on nothing happens
            HardReset(line)()


@pytest.fixture
def walk(place: Path, tmp_path: Path, repo: Path) -> Iterator[Walk]:
    if not (POWER or has_lines(PORT)):
        pytest.fail(f"{PORT} cannot reset the board: set EDGEWISE_TEST_POWER", pytrace=False)
    values = node_settings(Path(CONFIG))
    broker = make_broker(place, values)
    engine = open_db(f"sqlite:///{tmp_path / 'edgewise.db'}")
    transcript = Transcript(tmp_path / "transcript.txt")
    with broker.server, Collector(broker.url, Writer(engine)) as collector:
        yield Walk(place, repo / "models/occupancy", values, broker, engine, transcript)
        assert not collector.counts.rejected
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(clash)).scalar_one() == 0
        undated = select(func.count()).where(reading.c.ts.is_(None))
        assert connection.execute(undated).scalar_one() == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("heard", "stored", "missing"),
    [
        ({(7, 1), (7, 2)}, {(7, 1), (7, 2)}, []),
        ({(7, 1), (7, 2)}, {(7, 1)}, ["boot 7, seq 2"]),
        ({(7, 3)}, {(7, 1), (7, 3)}, ["boot 7, seq 2"]),
        ({(7, 1)}, {(7, 1), (7, 3)}, ["boot 7, seq 2"]),
        ({(7, 1), (7, 2), (8, 1)}, {(7, 1), (8, 1)}, []),  # the last before a power cut
        ({(7, 1), (7, 3), (8, 1)}, {(7, 1), (8, 1)}, ["boot 7, seq 2"]),
        ({(7, 3), (8, 1)}, {(8, 1)}, ["boot 7, seq 1", "boot 7, seq 2"]),
        ({(7, 1)}, {(6, 9), (7, 1)}, []),  # of the node that was there
    ],
)
def test_a_reading_that_is_missing_is_named(
    heard: set[Key], stored: set[Key], missing: list[str]
) -> None:
    assert lost(heard, stored) == missing


@pytest.mark.board
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    not (PORT and CONFIG), reason="needs a board: EDGEWISE_TEST_PORT and EDGEWISE_TEST_CONFIG"
)
def test_from_the_flash_to_a_power_cut_no_reading_is_lost(walk: Walk, model: Package) -> None:
    line, server = walk.line, walk.broker.server
    with walk.step("the node's files, then the first reading"):
        walk.build()
        if IS_FLASHED:
            walk.run("deploy", "--port", PORT)
        else:
            image = Path(IMAGE).absolute() if IMAGE else "auto"
            walk.run("flash", "--port", PORT, "--image", image)
        with line.listen():
            walk.wait_for_readings(1)
            walk.wait_until_stored()
    with line.listen(), walk.step("the broker is away for a minute"):
        server.stop()
        walk.wait_for_readings(OUTAGE)
        walk.transcript.say("   the broker is back")
        server.start()
        walk.wait_until_stored()
    with walk.step("deploy of a setting"):
        walk.values["confirm"] = {"need": 2, "of": 3}
        walk.build()
        walk.run("deploy", "--port", PORT)
        with line.listen():
            walk.wait_until_stored(is_new_start=True)
        config = json.loads(walk.to_node("command", "config", is_shown=False))["value"]
        assert config["confirm"] == walk.values["confirm"]
    with line.listen():
        with walk.step("push of a model"):
            walk.to_node("push", "--model", model.path)
            walk.wait_until_stored(is_new_start=True)
            assert json.loads(walk.to_node("model", "status"))["name"] == "window"
        walk.transcript.say("   the broker is away")
        server.stop()
        walk.wait_for_readings(4)
    heard = set(line.readings)
    with walk.step("a power cut while the broker is away"):
        walk.cut_power()
        with line.listen():
            walk.wait_for_readings(3)
            walk.transcript.say("   the broker is back")
            server.start()
            walk.wait_until_stored(is_new_start=True)
    assert {key for key in heard if key[0] == max(heard)[0]} <= walk.stored()
    assert not walk.missing()
    walk.transcript.say(f"== nothing is missing: {walk.summary()}")
