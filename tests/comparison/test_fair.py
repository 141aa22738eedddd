"""New and old model on the same readings, and none that trained one of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.shared import once, small_log

from edgewise.comparison import Judged, compare, doubts, find_unseen, lines
from edgewise.compile import compile_model
from edgewise.dashboard.job import compare_models
from edgewise.database.labels import last_days, log_sha256
from edgewise.logs.log import Log, read_log
from edgewise.package.store import Package, load_package
from edgewise.training import Budget, train

ROWS = 900


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of one log: early was trained on its first part, late on its last."""

    def build(folder: Path) -> None:
        log = read_log(small_log(folder / "log.csv", ROWS))
        is_early = np.arange(ROWS) < 600
        for name, rows in {"early": is_early, "late": ~is_early}.items():
            trained = train(log.select(rows), log.select(~rows), Budget(60))
            compile_model(trained, folder / name, {"database": log_sha256(log)})

    return once(tmp_path_factory, "early-late", build)


@pytest.fixture
def log(folder: Path) -> Log:
    return read_log(folder / "log.csv")


@pytest.fixture
def early(folder: Path) -> Package:
    return load_package(folder / "early")


@pytest.fixture
def late(folder: Path) -> Package:
    return load_package(folder / "late")


def test_readings_that_trained_one_model_do_not_count(
    log: Log, early: Package, late: Package
) -> None:
    sha256 = log_sha256(log)
    assert np.flatnonzero(find_unseen([early], log, sha256)).tolist() == list(range(600, ROWS))
    assert np.flatnonzero(find_unseen([late], log, sha256)).tolist() == list(range(600))
    assert not find_unseen([early, late], log, sha256).any()


def test_readings_that_came_late_do_not_count_either(log: Log, early: Package) -> None:
    # one of the readings that trained it has changed: their piece is not found any more
    log.t_dc[100] += 1
    rows = find_unseen([early], log, log_sha256(log))
    assert np.flatnonzero(rows).tolist() == list(range(600, ROWS))


def test_a_model_that_does_not_tell_its_readings(log: Log, early: Package, tmp_path: Path) -> None:
    shutil.copytree(early.path, tmp_path / "old")
    path = tmp_path / "old" / "model.json"
    info = json.loads(path.read_text())
    del info["sha256"]["evidence.json"]
    path.write_text(json.dumps(info))
    old = load_package(tmp_path / "old")
    assert not find_unseen([old], log, log_sha256(log)).any()
    assert find_unseen([old], log, "another log").all()


def test_both_are_scored_on_the_same_readings(log: Log, early: Package, late: Package) -> None:
    rows = find_unseen([early], log, log_sha256(log))
    new, old = compare([early, late], log, rows)
    assert new.scores and old.scores
    assert new.scores["rows"] == old.scores["rows"] == 300
    assert new.confusion and sum(n for row in new.confusion.values() for n in row.values()) == 300
    assert doubts(new, [new]) == []
    nothing = compare([early, late], log, np.zeros(ROWS, dtype=bool))
    assert [model.scores for model in nothing] == [None, None]


def test_the_page_does_not_compare_on_what_trained_the_current_model(
    folder: Path, log: Log
) -> None:
    n = int(last_days(log).sum())
    assert 0 < n < 300
    entries = compare_models(folder / "early", folder / "late", log)
    assert (entries["current"], entries["current_seen"]) == (None, n)
    assert "new" not in entries
    entries = compare_models(folder / "late", folder / "early", log)
    assert entries["current_seen"] == 0
    assert entries["new"]["rows"] == entries["current"]["rows"] == n


def test_confusion_beside_confusion() -> None:
    def judged(name: str, **right: int) -> Judged:
        classes = list(right)
        other = dict(zip(classes, reversed(classes), strict=True))
        entries = {c: {"rows": 100, "recall": n / 100} for c, n in right.items()}
        share = sum(right.values()) / 200
        scores = {"rows": 200, "balanced_accuracy": share, "classes": entries}
        confusion = {c: {c: n, other[c]: 100 - n} for c, n in right.items()}
        return Judged(name, classes, scores, confusion)

    new, old = judged("taught", open=90, closed=97), judged("occupancy", open=70, shut=95)
    assert lines(new, [old]) == [
        "                                   taught             occupancy",
        "                   says open  says closed  says open  says shut",
        "is closed                  3           97          -          -",
        "is open                   90           10         70         30",
        "is shut                    -            -          5         95",
        "balanced accuracy                   93.5%                 82.5%",
        "readings                              200                   200",
    ]
    assert lines(new, [Judged("unknown", ["open"], None)])[-1].split() == ["readings", "200", "-"]
    few = Judged("few", new.classes, new.scores)
    assert "90% of 100" in "\n".join(lines(few, []))
    wide = judged("a" * 60, open=1, closed=2)
    assert max(map(len, lines(wide, [wide]))) <= 100
