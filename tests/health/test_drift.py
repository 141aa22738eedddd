"""A model is told from what it was trained on: by what it looks at, and by how sure it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine
from tests.counts import WHOLE
from tests.health.weeks import DAY_S, NOW_S, rows, store

from edgewise.compile import compile_model, recompile
from edgewise.database.labels import held_out
from edgewise.database.logs import as_log
from edgewise.database.schema import events, reading
from edgewise.database.schema import model as installed
from edgewise.features.table import build_table
from edgewise.health import check
from edgewise.logs.log import Log, read_log
from edgewise.package.baseline import CONFIDENCE, spreads_of
from edgewise.package.form import Form
from edgewise.package.store import Package, load_package, write_package
from edgewise.prediction.predict import predict_log
from edgewise.training import Budget, train


def as_rows(node: str, log: Log, package: Package) -> Iterable[dict[str, Any]]:
    """What a node with the model would have sent."""
    prediction = predict_log(package, log)
    for i, (ts, cls) in enumerate(zip(log.time_s.tolist(), prediction.cls.tolist(), strict=True)):
        values = {"t": log.t_dc[i] / 10, "h": log.h_pm[i] / 10, "cls": package.classes[cls]}
        values |= {"p": float(prediction.p_pc[i]) / 100, "err": None}
        no_values = {"t": None, "h": None, "cls": None, "p": None, "err": "timeout"}
        row = {"node": node, "boot": 1, "seq": i, "ts": ts, "late": 0, "received_at": ts}
        yield row | (values if cls >= 0 else no_values)


def make_log(node: str, seed: int) -> Log:
    readings = list(rows(node, seed=seed))
    ts, t, h = (np.array([r[key] for r in readings], dtype=float) for key in ("ts", "t", "h"))
    classes = np.array(
        ["warm" if np.sin(2 * np.pi * time_s / DAY_S) > 0 else "cold" for time_s in ts], object
    )
    return as_log(node, np.full(len(ts), node, dtype=object), ts, t, h, classes)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    compile_model(train(*held_out(make_log("n", 2)), Budget(60)), folder / "room", {})
    return folder


def test_a_package_keeps_the_training_through_a_compilation(models: Path, tmp_path: Path) -> None:
    room = load_package(models / "room")
    train_log, _ = held_out(make_log("n", 2))
    spreads = spreads_of(room.baseline() or {})
    assert list(spreads) == [*room.features, CONFIDENCE]
    table = build_table(train_log, room.features, room.filters, room.period_ms, room.max_delta)
    for i, name in enumerate(room.features):
        assert spreads[name].psi(table.x[table.valid, i]) == 0
    assert spreads[CONFIDENCE].psi(predict_log(room, train_log).p_pc[table.valid]) == 0
    recompile(room, None, tmp_path / "again", Form.table)
    assert load_package(tmp_path / "again").baseline() == room.baseline()


def list_drifts(engine: Engine, models: Path) -> list[str]:
    report = check(engine, models, NOW_S)
    return [r.text for r in report.remarks if "unlike the training" in r.text]


def test_the_room_of_the_training_is_not_spoken_of(engine: Engine, models: Path) -> None:
    room = load_package(models / "room")
    store(engine, iter(as_rows("n", make_log("n", 9), room)))
    report = check(engine, models, NOW_S)
    assert report.models == {"n": "room"}
    assert list_drifts(engine, models) == []
    days = {f.day for f in report.findings if f.kind == "psi"}
    assert len(days) == 7
    for day in days:
        psi = {f.feature for f in report.findings if f.kind == "psi" and f.day == day}
        assert psi == {*room.features, CONFIDENCE}


@pytest.mark.parametrize(("days", "count"), [(1, 0), (2, 1)])
def test_a_window_that_stays_open(engine: Engine, models: Path, days: int, count: int) -> None:
    room = load_package(models / "room")
    log = make_log("n", 9)
    is_open = log.time_s >= NOW_S - days * DAY_S
    t_dc = np.where(is_open, log.t_dc - 80, log.t_dc).astype(np.int16)
    store(engine, iter(as_rows("n", replace(log, t_dc=t_dc), room)))
    texts = list_drifts(engine, models)
    assert len(texts) == count
    for text in texts:
        assert text.startswith("what n measures has been unlike the training of model room for 2 ")
        assert "in temperature" in text


def test_no_model_that_knows_what_the_node_says(engine: Engine, models: Path) -> None:
    room = load_package(models / "room")
    other_rows = ({**row, "cls": "other"} for row in as_rows("n", make_log("n", 9), room))
    store(engine, other_rows)
    assert check(engine, models, NOW_S).models == {}
    row = {"node": "n", "name": "room", "sha256": room.info["sha256"]["model.bin"]}
    with engine.begin() as connection:
        connection.execute(installed.insert().values(**row, installed_at=NOW_S))
    assert check(engine, models, NOW_S).models == {"n": "room"}
    for boot, crc, expected in ((2, "00000000", {}), (3, room.blob[-4:].hex(), {"n": "room"})):
        payload = {"event": "reset", "model": "any", "crc": crc}
        row = {"node": "n", "boot": boot, "seq": 0, "ts": NOW_S, "event": "reset"}
        with engine.begin() as connection:
            values = {**row, "payload": json.dumps(payload), "received_at": NOW_S}
            connection.execute(events.insert().values(values))
        assert check(engine, models, NOW_S).models == expected


def test_packages_that_cannot_be_read_or_keep_no_baseline(
    engine: Engine, models: Path, tmp_path: Path
) -> None:
    room = load_package(models / "room")
    store(engine, iter(as_rows("n", make_log("n", 9), room)))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{")
    files = {name: (room.path / name).read_bytes() for name in room.info["sha256"]}
    del files["baseline.json"]
    write_package(tmp_path / "room", dict(room.info), files)
    report = check(engine, tmp_path, NOW_S)
    assert report.models == {"n": "room"}
    assert not [f for f in report.findings if f.kind in ("psi", "drift")]


@pytest.mark.data
@pytest.mark.skipif(not WHOLE, reason="three nodes with a real log each: make test-all")
def test_the_office_of_the_log(engine: Engine, real_data: Path, repo: Path) -> None:
    """Days of the same room are not marked; those 2 C warmer or 1 %RH noisier are."""
    package = load_package(repo / "models" / "occupancy")
    log = read_log(real_data, "occupied", None, "split")
    test = log.select(log.extra["split"] != "train")
    test = test.select(np.argsort(test.time_s, kind="stable"))
    test = replace(test, node=np.full(len(test), "n", dtype=object))
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 10, len(test)).astype(np.int16)
    for node, variant in (
        ("same", test),
        ("warmer", replace(test, t_dc=test.t_dc + np.int16(20))),
        ("noisy", replace(test, h_pm=np.clip(test.h_pm + noise, 0, 1000))),
    ):
        with engine.begin() as connection:
            connection.execute(reading.insert(), list(as_rows(node, variant, package)))
    report = check(engine, repo / "models", float(test.time_s[-1]))
    drift_days = {f.node: 0 for f in report.findings}
    for finding in report.findings:
        drift_days[finding.node] += finding.kind == "drift" and finding.bad
    assert drift_days == {"same": 0, "warmer": 4, "noisy": 6}, drift_days
    remarks = [r for r in report.remarks if "train again" in r.text]
    assert {r.node for r in remarks} == {"warmer", "noisy"}
