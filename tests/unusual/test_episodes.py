"""A node and `predict` find the same episodes: one rule, in real nodes with a broker, on a log."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select
from tests.command import edgewise
from tests.counts import WHOLE
from tests.shared import LIMIT_S

from edgewise.collector import Collector, Writer
from edgewise.database.schema import events, reading
from edgewise.features.splitting import Split, split_log
from edgewise.features.table import Table, build_table
from edgewise.logs.log import Log
from edgewise.package.store import Package, load_package
from edgewise.prediction.predict import predict_c, predict_log, predict_micropython
from edgewise.simulator.fleet import Fleet
from edgewise.training.detector import Detector
from edgewise.unusual.episodes import Episode, count_episodes, find_episodes
from edgewise.unusual.training import train_detector
from edgewise.urls import parse_broker


def episodes_of(package: Package, log: Log) -> list[Episode]:
    detector = Detector.from_info(package.info)
    assert detector is not None
    table = build_table(
        log, package.features, package.filters, package.period_ms, package.max_delta
    )
    return find_episodes(detector, package.features, package.period_ms, log, table)


def run_node(package: Package, log: Log, broker: str, engine: Engine) -> None:
    url = parse_broker(broker)
    collector = Collector(url, Writer(engine))
    collector.start()
    try:
        outcome = Fleet(package, [log], url, {}).simulate(LIMIT_S)
        assert collector.wait_for(lambda c: c.readings >= outcome.readings_taken, LIMIT_S)
    finally:
        collector.stop()


def events_in(engine: Engine) -> list[dict[str, Any]]:
    query = select(events.c.payload).where(events.c.event == "unusual").order_by(events.c.id)
    with engine.connect() as connection:
        return [json.loads(text) for text in connection.scalars(query)]


def test_a_node_and_predict_agree(
    detector_package: Package, event_log: Log, broker: str, engine: Engine
) -> None:
    # a quiet end, in which the last episode is over
    log = event_log.select(np.arange(60, 480))
    run_node(detector_package, log, broker, engine)
    expected = predict_log(detector_package, log)
    with engine.connect() as connection:
        rows = connection.execute(select(reading).order_by(reading.c.seq)).all()
    assert [row.u for row in rows] == (expected.u / 100).tolist()
    assert [row.cls == "unusual" for row in rows] == (expected.u > 100).tolist()
    said = events_in(engine)
    assert [event["to"] for event in said] == ["unusual", "normal"] * 2
    for begin, end, episode in zip(
        said[::2], said[1::2], episodes_of(detector_package, log), strict=True
    ):
        assert abs(begin["ts"] - episode.start_s) <= 1
        assert end["seconds"] == episode.end_s - episode.start_s
        assert end["feature"] == episode.feature
        assert (end["value"], end["strength"]) == (episode.value / 100, episode.strength)
        assert begin["limit"] == end["limit"] if begin["feature"] == end["feature"] else True
        assert end["value"] > end["limit"] > end["usual"] > 0


def test_every_runtime_says_how_unusual(detector_package: Package, event_log: Log) -> None:
    expected = predict_log(detector_package, event_log)
    assert expected.u.max() > 200 and (expected.u[event_log.valid] >= 0).all()
    assert ((expected.u > 100) == (expected.cls == 1)).all()
    for run in (predict_micropython, predict_c):
        assert run(detector_package, event_log).u.tolist() == expected.u.tolist()


def test_episodes_are_counted_as_they_are_found(detector_package: Package, event_log: Log) -> None:
    found = episodes_of(detector_package, event_log)
    u = predict_log(detector_package, event_log).u
    count = count_episodes(event_log.time_s, event_log.node, u > 100, detector_package.period_ms)
    assert count == len(found) == 3
    assert sum(episode.readings for episode in found) == (u > 100).sum()


@pytest.mark.skipif(not WHOLE, reason="trains on 8,143 readings: make test-all")
@pytest.mark.long
def test_a_real_log(broker: str, engine: Engine, tmp_path: Path) -> None:
    # a reading every minute or so: jitter, as loggers have it
    path = Path(os.environ.get("EDGEWISE_DATA", "")) / "uci_occupancy" / "uci_occupancy_th.csv"
    if not path.is_file():
        pytest.skip("no real data: set EDGEWISE_DATA")
    from edgewise.compile import compile_model

    training, testing = split_log(path, Split(split_col="split", train_value="train"), False)
    compile_model(train_detector(training, testing, 21.0), tmp_path / "office", {})
    package = load_package(tmp_path / "office")
    log = testing.select(testing.series()[0][:1500])
    found = episodes_of(package, log)
    u = predict_log(package, log).u
    assert count_episodes(log.time_s, log.node, u > 100, package.period_ms) == len(found) > 2
    run_node(package, log, broker, engine)
    said = events_in(engine)
    begins = [event for event in said if event["to"] == "unusual"]
    ends = [event for event in said if event["to"] == "normal"]
    assert len(begins) == len(found)
    assert len(ends) >= len(found) - 1  # the last may go on at the end of the log
    for event, episode in zip(ends, found, strict=False):
        assert (event["feature"], event["strength"]) == (episode.feature, episode.strength)
        slack_s = package.period_ms / 1000
        assert abs(event["seconds"] - (episode.end_s - episode.start_s)) <= slack_s


@pytest.mark.parametrize("runtime", ["cpython", "micropython", "c"])
def test_predict_makes_the_features_once(
    detector_package: Package,
    event_path: Path,
    event_log: Log,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    runtime: str,
) -> None:
    made: list[Log] = []

    def build(log: Log, *settings: Any, **options: Any) -> Table:
        made.append(log)
        return build_table(log, *settings, **options)

    monkeypatch.setattr("edgewise.prediction.predict.build_table", build)
    out = tmp_path / "classes.csv"
    options = ("--runtime", runtime, "--out", out, "--json")
    result = edgewise("predict", detector_package.path, event_path, *options)
    assert result.returncode == 0, result.stderr
    assert len(made) == 1
    episodes = [episode.as_dict() for episode in episodes_of(detector_package, event_log)]
    assert json.loads(result.stdout)["episodes"] == episodes
