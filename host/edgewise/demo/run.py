"""The work of `edgewise demo`: real log -> model -> node -> broker -> database -> summary."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from edgewise.broker.process import BrokerProcess
from edgewise.collector import Collector, Writer
from edgewise.compile import compile_model
from edgewise.console import progress_bar, say
from edgewise.database import open_db
from edgewise.database.schema import diag, reading
from edgewise.demo.folder import claim
from edgewise.demo.report import draw
from edgewise.errors import OutsideError
from edgewise.features.splitting import Split, file_sha256, split_log
from edgewise.features.table import build_table
from edgewise.logs import public
from edgewise.logs.log import Log
from edgewise.package.store import Package, load_package
from edgewise.prediction import predict
from edgewise.simulator import feed
from edgewise.simulator.fleet import Fleet, Outcome
from edgewise.simulator.node import Playback
from edgewise.toolchain import extras
from edgewise.training import Options, Trained, score, train
from edgewise.training.outlook import HEAD, a_forecast
from edgewise.urls import BrokerUrl, check_reachable, parse_broker

__all__ = ["run"]

_LIMIT_S = 600
_COLLECT_S = 120
# The node checks for commands once a second, so a minute of the log takes five of its seconds.
# No less: the second try of a failed read, two seconds later, must read the same row.
_PERIOD_MS = 5_000


def run(out: Path, broker_url: BrokerUrl | None, seed: int) -> dict[str, Any]:
    """Run all steps below ``out`` and return the summary, which is also in summary.json.

    Raises OutsideError when the broker cannot be reached or the node does not end in time.
    """
    start = time.monotonic()
    if broker_url is not None:
        check_reachable(broker_url)
    claim(out)
    dataset = public.get("occupancy")
    say(f"data: {dataset.source}")
    training_log, test_log = map(
        public.name_classes,
        split_log(dataset.path, Split(label="occupied", split_col="split", train_value="train")),
    )
    trained, loaded = _train(dataset, training_log, test_log, out, seed)
    sensor_log = feed.degrade(test_log, seed)
    engine = _empty_db(out / "edgewise.db")
    outcome, counters = _collect(loaded, sensor_log, engine, broker_url, out, seed)
    with _stage("comparing and drawing", "2 to 5 s"):
        predictions = _read_classes(engine, outcome, loaded, len(sensor_log.time_s))
        summary = _summary(
            trained, loaded, sensor_log, outcome, predictions, counters, _diag(engine, outcome)
        )
        draw(sensor_log, loaded.classes, predictions, out / "timeline.png", dataset.synthetic)
    summary["wall_s"] = round(time.monotonic() - start, 1)
    summary["data"] = dataset.source
    _write_summary(summary, out)
    engine.dispose()
    return summary


def _train(
    dataset: public.Dataset, training_log: Log, test_log: Log, out: Path, seed: int
) -> tuple[Trained, Package]:
    # Without heads: each class of the node is compared with scikit-learn's.
    options = Options(temporal=False, unsure=False)
    title = f"training on {len(training_log)} readings of temperature and humidity"
    with _stage(title, "10 to 30 s") as step:
        trained = train(training_log, test_log, None, options, seed, progress=step)
    path = out / ("synthetic" if dataset.synthetic else "occupancy")
    with _stage("compiling, and comparing with scikit-learn", "2 to 5 s"):
        compile_model(trained, path, {dataset.path.name: file_sha256(dataset.path)})
        loaded = load_package(path)
    say(
        f"model: {loaded.info['recipe']['kind']}, {loaded.info['nodes']} nodes, "
        f"{loaded.info['bytes']} bytes, equal to scikit-learn on "
        f"{loaded.info['checked']['rows']} rows and every threshold"
    )
    return trained, loaded


def _collect(
    loaded: Package,
    sensor_log: Log,
    engine: Engine,
    broker_url: BrokerUrl | None,
    out: Path,
    seed: int,
) -> tuple[Outcome, dict[str, int]]:
    # The node plays the log and the database gets its readings.
    with ExitStack() as stack:
        if broker_url is None:
            broker_url = parse_broker(stack.enter_context(BrokerProcess()).url)
        stack.enter_context(_serve_dashboard(engine, broker_url, out))
        collector = Collector(broker_url, Writer(engine), client_id=None)
        collector.start()
        stack.callback(collector.stop)
        outcome = _simulate(loaded, sensor_log, broker_url, collector, seed)
        if not collector.wait_for(lambda c: c.readings >= outcome.readings_taken, _COLLECT_S):
            say("some readings have not reached the database")
        counts = collector.counts
        return outcome, {"duplicates": counts.duplicates, "bytes": counts.bytes}


@contextmanager
def _stage(title: str, duration: str) -> Iterator[Callable[[int, int], None]]:
    # Prints first how long it takes on two idle cores, new or old, and at the end its real time.
    start = time.monotonic()
    with progress_bar(f"{title}: {duration}") as step:
        yield step
    say(f"{title}: {time.monotonic() - start:.1f} s")


def _empty_db(path: Path) -> Engine:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    return open_db(f"sqlite:///{path}")


def _serve_dashboard(
    engine: Engine, broker_url: BrokerUrl, models: Path
) -> AbstractContextManager[Any]:
    # The dashboard, if it is installed.
    if not extras.is_installed("dashboard"):
        return nullcontext()
    from edgewise.dashboard.server import Address, NodeAccess, serve

    dashboard = serve(engine, NodeAccess(broker_url), Address(port=0), models)
    say(f"dashboard while the node runs: {dashboard.url}")
    return dashboard


def _simulate(
    loaded: Package, sensor_log: Log, broker_url: BrokerUrl, collector: Collector, seed: int
) -> Outcome:
    total = len(sensor_log.time_s)
    with _stage(
        f"the node reads {total} test rows and reports to {broker_url}", "4 to 10 s"
    ) as step:
        collector.writer.on_batch = lambda rows: step(collector.counts.readings, total)
        config, playback = {"period_ms": _PERIOD_MS}, Playback(seed=seed)
        outcome = Fleet(loaded, [sensor_log], broker_url, config, playback).simulate(_LIMIT_S)
    if outcome.readings_taken != total:
        raise OutsideError("the node did not take every reading of the log: run edgewise doctor")
    return outcome


def _read_classes(
    engine: Engine, outcome: Outcome, loaded: Package, n_readings: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    # Class index of every reading (-1: failed read) and whether it arrived, by seq.
    index = {name: i for i, name in enumerate(loaded.classes)}
    cls = np.full(n_readings, -1)
    arrived = np.zeros(n_readings, dtype=bool)
    query = select(reading.c.seq, reading.c.cls).where(
        reading.c.node == outcome.nodes[0], reading.c.boot == outcome.boot
    )
    with engine.connect() as connection:
        for seq, name in connection.execute(query):
            arrived[seq - 1] = True
            cls[seq - 1] = -1 if name is None else index[name]
    return cls, arrived


def _a_forecast(loaded: Package, sensor_log: Log) -> float | None:
    # By the node's own code: it plays the log in a twelfth of its time, and forecasts nothing at
    # another period than its model's.
    facts = loaded.heads.get(HEAD)
    if facts is None:
        return None
    value = a_forecast(facts, sensor_log, loaded.period_ms, loaded.max_delta)
    return None if value is None else round(value, 4)


def _diag(engine: Engine, outcome: Outcome) -> list[dict[str, Any]]:
    query = select(diag.c.payload).where(diag.c.node == outcome.nodes[0])
    with engine.connect() as connection:
        rows = [json.loads(text) for (text,) in connection.execute(query)]
    return [row for row in rows if row["boot"] == outcome.boot]


def _summary(
    trained: Trained,
    loaded: Package,
    sensor_log: Log,
    outcome: Outcome,
    predictions: tuple[NDArray[np.int64], NDArray[np.bool_]],
    counters: dict[str, int],
    diags: list[dict[str, Any]],
) -> dict[str, Any]:
    cls, arrived = predictions
    host_cls, sklearn_cls = _predict(trained, loaded, sensor_log)
    has_class = arrived & (cls >= 0)
    labels = [] if sensor_log.label is None else sensor_log.label.tolist()
    truth = np.array([loaded.classes.index(v) for v in labels])
    scores = score(truth[has_class], cls[has_class])
    n_failed = int((cls[arrived] < 0).sum())
    n_taken = outcome.readings_taken
    return {
        "readings_taken": n_taken,
        "readings_delivered": int(arrived.sum()),
        "readings_lost": n_taken - int(arrived.sum()),
        "duplicates_dropped": counters["duplicates"],
        "failed_reads": n_failed,
        "accuracy": round(scores.accuracy, 4),
        "balanced_accuracy": round(scores.balanced_accuracy, 4),
        "macro_f1": round(scores.macro_f1, 4),
        "agreement": _share(cls == host_cls, arrived),
        "agreement_sklearn": _share(cls == sklearn_cls, arrived),
        "predict_us": _median(diags, "predict_us"),
        "runtime": outcome.runtime,
        "r_ingest": round(counters["bytes"] / outcome.wall_s, 1),
        "e_buffer": round(int(arrived.sum()) / n_taken, 6),
        "r_noise": round(1 - n_failed / n_taken, 6),
        "s_feature": round(trained.s_feature, 4),
        "l_infer": _median(diags, "l_infer"),
        "a_forecast": _a_forecast(loaded, sensor_log),
        "nodes": loaded.info["nodes"],
    }


def _predict(
    trained: Trained, loaded: Package, sensor_log: Log
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # The classes of the package on this computer, and those of scikit-learn; -1 for a failed read.
    table = build_table(
        sensor_log, loaded.features, loaded.filters, loaded.period_ms, loaded.max_delta
    )
    sklearn_cls = np.full(len(table.valid), -1)
    sklearn_cls[table.valid] = trained.estimator.predict(table.x[table.valid])
    return predict.predict_table(loaded, sensor_log, table).cls, sklearn_cls


def _share(is_equal: NDArray[np.bool_], rows: NDArray[np.bool_]) -> float:
    return float(is_equal[rows].mean()) if rows.any() else 0.0


def _median(diags: list[dict[str, Any]], key: str) -> float | None:
    return statistics.median(d[key] for d in diags) if diags else None


def _write_summary(summary: dict[str, Any], out: Path) -> None:
    new_file = out / "summary.json.part"
    new_file.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n")
    os.replace(new_file, out / "summary.json")
