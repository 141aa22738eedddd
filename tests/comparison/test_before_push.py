"""`edgewise push --db`: old and new on the last labelled readings, and a worse one is not sent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from tests.command import edgewise
from tests.dashboard.past import row, store
from tests.dashboard.test_versions import store_start
from tests.database.test_labels import teach
from tests.shared import once, small_log

from edgewise.compile import compile_model
from edgewise.logs.log import Log, read_log
from edgewise.package.store import load_package
from edgewise.training import Budget, train

NODE, ROWS, RUN = "n0", 900, 50  # a class lasts 50 rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log; good is trained on its first 600 rows, poor on the same with labels by lot."""

    def build(folder: Path) -> None:
        log = read_log(small_log(folder / "log.csv", ROWS))
        assert log.label is not None
        by_lot = log.label.copy()
        by_lot[:600] = np.random.default_rng(1).permutation(by_lot[:600])
        for name, label, nodes in (("good", log.label, 60), ("poor", by_lot, 20)):
            rows = Log(**{**vars(log), "label": label})
            is_early = np.arange(ROWS) < 600
            trained = train(rows.select(is_early), rows.select(~is_early), Budget(nodes))
            compile_model(trained, folder / "models" / name, {})

    return once(tmp_path_factory, "good-poor", build)


@pytest.fixture
def past(folder: Path, engine: Engine) -> Engine:
    """The log in a database, labelled, from a node that runs good."""
    log = read_log(folder / "log.csv")
    values = zip(log.time_s.tolist(), log.t_dc.tolist(), log.h_pm.tolist(), strict=True)
    store(engine, [row(NODE, i, s, t=t / 10, h=h / 10) for i, (s, t, h) in enumerate(values)])
    for i in range(0, ROWS, RUN):
        start_s = float(log.time_s[i])
        teach(engine, NODE, start_s, start_s + 30 * RUN, "open" if (i // RUN) % 2 else "closed")
    crc = load_package(folder / "models" / "good").blob[-4:].hex()
    store_start(engine, 1, float(log.time_s[-1]), node=NODE, model="good", crc=crc)
    return engine


def test_a_worse_model_is_sent_only_anyway(
    past: Engine, folder: Path, db: str, broker: str, tmp_path: Path
) -> None:
    config = tmp_path / "node.toml"
    config.write_text(f'[update]\nsecret = "{"0f" * 32}"\n')
    config.chmod(0o600)
    models = folder / "models"
    words = ("push", "--node", NODE, "--broker", broker, "--config", config, "--timeout", "1")
    refused = edgewise(*words, "--model", models / "poor", "--db", db)
    assert (refused.returncode, refused.stdout) == (2, "")
    shown = refused.stderr.splitlines()
    assert shown[1] == "on 270 of the last labelled readings of n0:"
    assert shown[2].split() == ["poor", "good"]
    assert shown[3].split() == [*(["says", "closed", "says", "open"] * 2)]
    assert shown[4].startswith("is closed") and shown[4].split()[-2:] == ["135", "0"]
    assert shown[-1].startswith("error: nothing was sent: poor is hardly better than always")
    assert "poor is worse than good: " in shown[-1]
    assert shown[-1].endswith("To push it all the same: --anyway")
    forced = edgewise(*words, "--model", models / "poor", "--db", db, "--anyway", "--json")
    assert forced.returncode == 1
    assert "error: not reached: n0: run the same command again later" in forced.stderr
    comparison = json.loads(forced.stdout)["comparison"]
    assert list(comparison["models"]) == ["poor", "good"]
    assert comparison["models"]["good"]["confusion"]["closed"] == {"closed": 135}
    assert len(comparison["doubts"]) >= 2
    unlabelled = edgewise(*words[:2], "n9", *words[3:], "--model", models / "good", "--db", db)
    assert unlabelled.returncode == 1
    assert "not compared on readings: no period of these nodes is labelled" in unlabelled.stderr
    assert "not compared with what runs on n9: it is not known in " in unlabelled.stderr
    missing = edgewise(*words, "--model", models / "good", "--db", "sqlite:///away.db")
    assert missing.returncode == 2
    assert "does not exist: check the path" in missing.stderr
