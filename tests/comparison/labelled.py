"""Two models, good and poor, and a node with labelled readings that runs the good one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from tests.dashboard.past import row, store
from tests.dashboard.test_versions import store_start
from tests.database.test_labels import teach
from tests.shared import once, small_log

from edgewise.compile import compile_model
from edgewise.logs.log import Log, read_log
from edgewise.package.store import load_package
from edgewise.training import Budget, train

NODE, ROWS, RUN = "n0", 900, 50  # a class lasts 50 rows


def good_and_poor(tmp_path_factory: pytest.TempPathFactory) -> Path:
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


def store_past(engine: Engine, folder: Path) -> None:
    """The log in a database, labelled, from a node that runs good."""
    log = read_log(folder / "log.csv")
    values = zip(log.time_s.tolist(), log.t_dc.tolist(), log.h_pm.tolist(), strict=True)
    store(engine, [row(NODE, i, s, t=t / 10, h=h / 10) for i, (s, t, h) in enumerate(values)])
    for i in range(0, ROWS, RUN):
        start_s = float(log.time_s[i])
        teach(engine, NODE, start_s, start_s + 30 * RUN, "open" if (i // RUN) % 2 else "closed")
    crc = load_package(folder / "models" / "good").blob[-4:].hex()
    store_start(engine, 1, float(log.time_s[-1]), node=NODE, model="good", crc=crc)
