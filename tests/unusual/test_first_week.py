"""The first week of a node: limits for any room, then those that it learnt, as on a PC."""

from __future__ import annotations

import json
import random
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.command import edgewise
from tests.counts import count
from tests.e2e.operator_of import NODE, Operator
from tests.unusual.conftest import START_S, ordinary
from tests.unusual.on_micropython import answers

from edgenode.core.heads import Heads
from edgenode.core.learn import Learner
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgewise.logs.log import Log, read_log
from edgewise.package.store import Package, load_package
from edgewise.prediction.predict import predict_c, predict_log, predict_micropython
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.unusual.first_week import LEARN, train_generic
from edgewise.unusual.generic import GENERIC
from edgewise.urls import parse_broker

DAY = 1440  # readings
PROBLEMS = count(60, 1000)
SCRIPT = """
import json, sys
from array import array
from edgenode.core.detector import Detector
from edgenode.core.learn import Learner
class Store:
    data = b""
    def read(self, path):
        raise OSError
    def write(self, path, data):
        self.data = bytes(data)
for line in sys.stdin:
    generic, learn, features, period_ms, rows = json.loads(line)
    detector = Detector(generic, features)
    learner = Learner(learn, detector, period_ms)
    store = Store()
    learner.open(store)
    said = []
    for x in rows:
        x = array("h", x)
        u = detector.push(x)
        learner.push(x)
        said.append([u, learner.stage, list(detector.usual), list(detector.limit)])
    print(json.dumps([said, [b for b in store.data]]))
"""


class Store:
    """A node's flash with what the node wrote."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        raise OSError(path)

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = bytes(data)


def problem(r: random.Random) -> list[Any]:
    n = r.randint(1, 9)
    top = r.choice((30, 1000, 32766))
    generic = {
        "feature": r.sample(range(n), n),
        "usual": [r.randint(0, top) for _ in range(n)],
        "limit": [r.randint(1, top) for _ in range(n)],
    }
    days = sorted(r.sample(range(1, 8), r.randint(1, 4)))
    learn = {
        "days": days,
        "part": [r.randint(1, 255) for _ in days],
        "times": [r.randint(1, 20) for _ in days],
    }
    hours = r.choice((2, 6, 12))
    rows = []
    for _ in range(9 * 24 // hours):
        scale = r.choice((0.02, 0.2, 1, 1.5))
        rows.append([min(32766, int(r.uniform(-0.01, scale) * top)) for _ in range(n)])
    return [generic, learn, [f"t_range_{i + 2}" for i in range(n)], hours * 3600000, rows]


def solve(
    generic: Any, learn: Any, features: list[str], period_ms: int, rows: Any
) -> tuple[list[Any], list[int]]:
    from edgenode.core.detector import Detector

    detector = Detector(generic, features)
    learner = Learner(learn, detector, period_ms)
    store = Store()
    learner.open(store)
    said = []
    for x in rows:
        u = detector.push(array("h", x))
        learner.push(array("h", x))
        said.append([u, learner.stage, list(detector.usual), list(detector.limit)])
    newest = max(store.files.values(), key=lambda data: int.from_bytes(data[4:8], "little"))
    return said, list(newest)


def test_both_interpreters_learn_the_same(micropython_command: list[str], tmp_path: Path) -> None:
    r = random.Random(19)
    problems = [problem(r) for _ in range(PROBLEMS)]
    found = answers(micropython_command, SCRIPT, problems, tmp_path)
    for given, said in zip(problems, found, strict=True):
        assert said == list(solve(*given))


@pytest.fixture(scope="module")
def package(repo: Path) -> Package:
    return load_package(repo / "models/first-week")


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A day and a half, and then a jump of 3 C for a reading, with a reading a minute."""
    t_c, h_pct = ordinary(3, seed=3)
    n = 3 * DAY // 2
    t_c[n - 100] += 3
    path = tmp_path_factory.mktemp("week") / "week.csv"
    lines = [
        f"{START_S + 60 * i},{t:.1f},{h:.1f}"
        for i, (t, h) in enumerate(zip(t_c[:n], h_pct[:n], strict=True))
    ]
    path.write_text("\n".join(["time,temperature,humidity", *lines]) + "\n")
    return read_log(path)


def test_every_runtime_learns_the_same_and_each_node_for_itself(
    package: Package, week: Log
) -> None:
    expected = predict_log(package, week)
    at = len(week) - 100
    # beyond the limit of the second day, far from the generic one
    assert expected.u[at] > 100 and expected.cls[at] == 1
    assert (expected.u[:DAY] < 100).all() and expected.p_pc[at] == 100
    fresh = week.select(np.arange(DAY, len(week)))
    assert predict_log(package, fresh).u.max() < 100
    for run in (predict_micropython, predict_c):
        said = run(package, week)
        assert said.u.tolist() == expected.u.tolist()
        assert said.cls.tolist() == expected.cls.tolist()
    # a second node learns from its own first reading on
    twice = replace(
        week,
        time_s=np.concatenate([week.time_s, fresh.time_s]),
        node=np.array(["a"] * len(week) + ["b"] * len(fresh), dtype=object),
        **{
            key: np.concatenate([getattr(week, key), getattr(fresh, key)])
            for key in ("t_dc", "h_pm", "valid")
        },
    )
    assert predict_log(package, twice).u.tolist() == [
        *expected.u.tolist(),
        *predict_log(package, fresh).u.tolist(),
    ]


def test_predict_tells_the_episode_with_what_is_usual_here(
    package: Package, week: Log, tmp_path: Path
) -> None:
    result = edgewise("predict", "first-week", week.path, "--out", tmp_path / "c.csv", "--json")
    assert result.returncode == 0, result.stderr
    (episode,) = json.loads(result.stdout)["episodes"]
    assert episode["start"] == "2023-11-15T10:20:00Z"
    assert episode["words"].startswith("temperature moved 3")
    assert episode["words"].endswith("from one reading to the next, usual is up to 0.4 C")


def test_the_log_of_a_generic_detector_chooses_nothing(week: Log) -> None:
    parts = week.select(np.arange(1000)), week.select(np.arange(1000, len(week)))
    trained = train_generic(*parts)
    assert trained.detector is not None
    assert trained.detector.limits == GENERIC
    assert trained.heads.heads["learn"] == LEARN
    # the test part alone is too short to learn from
    alarms = trained.detector.chosen, trained.detector.test
    assert [(a.episodes, a.days) for a in alarms] == [(0, 0.694), (0, 0.806)]


@pytest.fixture(scope="module")
def learnt(package: Package, week: Log) -> dict[str, bytes]:
    """The files of a node whose first day is over with its tenth reading from now on."""
    model = Model(package.blob)
    heads, pipeline, store = Heads(model), Pipeline(model.features, []), Store()
    learner = heads.learner
    learner.open(store)
    for slot in range(DAY - 10):
        heads.push(pipeline.push(slot, int(week.t_dc[slot]), int(week.h_pm[slot])), pipeline.age)
    learner._write()  # as after an hour
    return store.files


@pytest.fixture
def node(
    package: Package, week: Log, learnt: dict[str, bytes], broker: str, operator: Operator
) -> Iterator[SimulatedNode]:
    """A node with what it learnt on its flash."""
    log = week.select(np.arange(DAY - 10, len(week)))
    settings = node_config({}, parse_broker(broker), NODE)
    world = {"EDGEWISE_SIM_RATE": "200"}
    with SimulatedNode(package, log, settings, 1, world=world, files=learnt) as simulated:
        operator.hear("event", event="reset")
        yield simulated


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_node_that_sleeps_goes_on_from_its_flash(
    package: Package, week: Log, learnt: dict[str, bytes], broker: str, operator: Operator
) -> None:
    log = week.select(np.arange(DAY - 10, DAY + 5))
    settings = node_config({"sleep": True}, parse_broker(broker), NODE)
    with SimulatedNode(package, log, settings, 1, files=learnt) as sleeper:
        event = operator.hear("event", event="learn")
        assert (event["seq"], event["from"], event["to"]) == (10, "generic", "1 day")
        # the end of the day is the end of an hour
        names = sorted(path.name for path in sleeper.flash.glob("learnt?"))
        assert names == ["learnt0", "learnt1"]


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_node_goes_on_learning_over_a_reboot_until_a_reset(
    node: SimulatedNode, operator: Operator
) -> None:
    event = operator.hear("event", event="learn")
    assert (event["seq"], event["from"], event["to"]) == (10, "generic", "1 day")
    assert operator.order("learn")["value"]["limits_d"] == 1
    assert operator.order("reboot")["ok"]
    assert operator.hear("event", event="reset")["boot"] == 2
    learnt = operator.order("learn", "status")["value"]
    assert learnt["learnt_h"] >= 24 and learnt["limits_d"] == 1
    diag = operator.order("diag")["value"]
    assert (diag["learnt_h"], diag["limits_d"]) >= (24, 1)
    assert operator.order("learn", "forget")["error"] == "value must be status or reset"
    assert sorted(path.name for path in node.flash.glob("learnt?")) == ["learnt0", "learnt1"]
    assert operator.order("learn", "reset")["ok"]
    event = operator.hear("event", event="learn")
    assert (event["from"], event["to"]) == ("1 day", "generic")
    assert operator.order("reboot")["ok"]
    operator.hear("event", event="reset", boot=3)
    learnt = operator.order("learn")["value"]
    assert learnt["learnt_h"] < 24 and learnt["limits_d"] == 0
