"""Heads of a model: every runtime of a package says the same of every reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.counts import count
from tests.package.heads_of import with_heads, write_with_heads

from edgenode.core import loader
from edgenode.core.headcheck import SAID_MAX, STEP_TOTAL
from edgenode.core.records import UNSURE
from edgewise.compile import recompile
from edgewise.errors import InputError
from edgewise.features.table import build_table
from edgewise.logs.log import Log
from edgewise.package.forest import flatten
from edgewise.package.sequence import (
    READINGS,
    Readings,
    answers,
    golden_part,
    read_csv,
    write_csv,
)
from edgewise.package.store import Package, load_package
from edgewise.prediction.predict import predict_c, predict_log, predict_micropython
from edgewise.prediction.runtimes import run_sequence
from edgewise.simulator.feed import degrade

FACTS = {
    "temporal": {"step": [4000, 96, 96, 4000], "said": [4095, 900, 500, 4095] * 2},
    "unsure": {"readings": 15, "p": 70},
}


def with_limits(package: Package, log: Log) -> dict[str, Any]:
    """A detector to which half of the readings are unusual."""
    table = build_table(log, package.features, package.filters, package.period_ms)
    middle = np.maximum(1, np.median(np.abs(table.x[table.valid]), axis=0).astype(int)).tolist()
    n = len(middle)
    return {"detector": {"feature": list(range(n)), "usual": [0] * n, "limit": middle}}


def random_heads(r: np.random.Generator, n: int) -> dict[str, Any]:
    more = r.integers(0, n, int(r.integers(0, 4))).tolist()  # states of some classes
    states = n + len(more)
    steps = r.dirichlet(np.ones(states) * 0.3, states) * (STEP_TOTAL - states)
    rows = 1 + np.floor(steps).astype(int)
    rows[:, 0] += STEP_TOTAL - rows.sum(axis=1)
    temporal = {
        "step": rows.ravel().tolist(),
        "said": r.integers(1, SAID_MAX + 1, 2 * n * states).tolist(),
    }
    if more:
        temporal["state"] = [*range(n), *more]
    return {
        "temporal": temporal,
        "unsure": {"readings": int(r.integers(0, 40)), "p": int(r.integers(0, 101))},
    }


def random_package(package: Package, log: Log, seed: int) -> Package:
    from sklearn.ensemble import RandomForestClassifier

    r = np.random.default_rng(seed)
    n = int(r.integers(2, 7))
    table = build_table(log, package.features, package.filters, package.period_ms)
    x = table.x[table.valid]
    y = np.r_[np.arange(n), r.integers(0, n, len(x) - n)]
    forest = flatten(RandomForestClassifier(5, max_leaf_nodes=20, random_state=seed).fit(x, y))
    names = [f"class {c}" for c in range(n)]
    heads = random_heads(r, n)
    features = r.choice(x.shape[1], min(x.shape[1], int(r.integers(1, 17))), replace=False)
    detector = {
        "feature": features.tolist(),
        "usual": r.integers(0, 100, len(features)).tolist(),
        "limit": np.maximum(1, np.quantile(x[:, features], 0.9, axis=0).astype(int)).tolist(),
    }
    return with_heads(package, heads | {"detector": detector}, forest.table(), names)


@pytest.mark.parametrize("seed", range(count(3, 200)))
def test_every_runtime_says_the_same(model: Package, log: Log, seed: int) -> None:
    short = degrade(log.select(np.arange(150)), seed=seed)
    gaps = short.select(np.r_[0:60, 70:110, 112:150])  # an outage, and two lost readings
    package = random_package(model, log, seed)
    host = predict_log(package, gaps)
    assert host.sure.any() or package.heads["unsure"]["p"] > 40
    for run in (predict_micropython, predict_c):
        other = run(package, gaps)
        assert other.cls.tolist() == host.cls.tolist()
        assert other.p_pc.tolist() == host.p_pc.tolist()
        assert other.sure.tolist() == host.sure.tolist()
        assert other.u.tolist() == host.u.tolist()


def test_two_nodes_in_one_log_do_not_share_a_memory(model: Package, log: Log) -> None:
    package = with_heads(model, FACTS)
    alone = [log.select(np.arange(60)), log.select(np.arange(60, 120))]
    rows = np.arange(120).reshape(2, 60).T.ravel()  # one of each in turn
    both = log.select(rows)
    node = np.array(["b", "a"] * 60, dtype=object)
    time_s = np.tile(alone[0].time_s, (2, 1)).T.ravel()
    found = predict_log(package, replace(both, node=node, time_s=time_s))
    for i, part in enumerate(alone):
        assert found.answers[i::2].tolist() == predict_log(package, part).answers.tolist()


def test_a_golden_sequence_is_where_the_class_changes(model: Package, log: Log) -> None:
    package = with_heads(model, FACTS | with_limits(model, log))
    steps = np.r_[0, np.ones(len(log) - 1, int)]
    steps[300] = 9  # an outage
    readings = Readings(steps, log.t_dc.astype(np.int64), log.h_pm.astype(np.int64))
    part = golden_part(package.blob, readings)
    said = answers(package.blob, part)
    assert len(part) == len(said) == READINGS >= 200
    assert {0, 1, UNSURE} == {answer[0] for answer in said}
    assert len({answer[2] for answer in said}) > 5
    assert (
        run_sequence(package.blob, part) == run_sequence(package.blob, part, package.code) == said
    )
    again, same = read_csv(write_csv(part, said))
    assert (again.rows(), same) == (part.rows(), said)
    for wrong in (b"", b"a,b", write_csv(part, said).replace(b"t_dc", b"t"), b"\xff"):
        with pytest.raises((ValueError, IndexError)):
            read_csv(wrong)


def test_a_package_keeps_its_heads(model: Package, log: Log, tmp_path: Path) -> None:
    heads = FACTS | with_limits(model, log)
    made = write_with_heads(model, heads, log, tmp_path / "m")
    assert made.heads == heads
    found = made.golden_sequence()
    assert found is not None and found[1] == answers(made.blob, found[0])
    again = recompile(made, None, tmp_path / "again")
    assert again["heads"] == heads
    assert load_package(tmp_path / "again").golden_sequence()[1] == found[1]  # type: ignore[index]


def test_heads_that_are_not_those_of_the_model_are_refused(
    model: Package, log: Log, tmp_path: Path
) -> None:
    made = write_with_heads(model, FACTS, log, tmp_path / "m")
    path = tmp_path / "m" / "model.json"
    path.write_text(path.read_text().replace('"readings": 15', '"readings": 16'))
    with pytest.raises(InputError, match=r"key heads differs from model\.bin"):
        load_package(made.path)


def test_without_heads_an_older_node_reads_the_model(model: Package) -> None:
    assert model.blob[4] == loader.VERSION == 2
    assert with_heads(model, FACTS).blob[4] == loader.VERSION_HEADS == 3
