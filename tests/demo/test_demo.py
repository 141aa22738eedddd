"""`edgewise demo`: the whole way from a log to a database, and what it reports."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.counts import WHOLE, count

from edgewise.logs import public
from edgewise.package.store import load_package

pytestmark = pytest.mark.long
ROWS = count(600, 10_000)  # of each of the three parts


def shorten_log(log: Path, out: Path) -> int:
    """The first rows of each part of the occupancy log; how many of them are to be tested."""
    rows = csv.reader(log.read_text().splitlines())
    head_rows, counts = [next(rows)], Counter[str]()
    for row in rows:
        counts[row[0]] += 1
        if counts[row[0]] <= ROWS:
            head_rows.append(row)
    out.write_text("".join(",".join(row) + "\n" for row in head_rows))
    return sum(row[0].startswith("test") for row in head_rows)


@pytest.mark.data
def test_demo_does_the_whole_job(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = shorten_log(real_data, tmp_path / "log.csv")
    log = public.Dataset(tmp_path / "log.csv", False, "the real log")
    monkeypatch.setattr(public, "get", lambda name: log)
    result = edgewise("demo", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "dashboard while the node runs: http://127.0.0.1:" in result.stderr
    stages = re.findall(r"^(.+): \d+ to \d+ s \.\.\.$", result.stderr, re.MULTILINE)
    assert len(stages) == 4
    for stage in stages:
        assert re.search(rf"^{re.escape(stage)}: \d+\.\d s$", result.stderr, re.MULTILINE)
    summary = json.loads((tmp_path / "build/demo/summary.json").read_text())
    assert summary["readings_taken"] == summary["readings_delivered"] == n
    assert summary["readings_lost"] == 0
    assert summary["failed_reads"] == pytest.approx(0.014 * n, rel=0.3)
    assert summary["agreement"] == summary["agreement_sklearn"] == 1
    assert summary["nodes"] <= 500
    if not WHOLE:  # less than two days to train on
        assert summary["a_forecast"] is None
    if WHOLE:
        assert 0.95 < summary["a_forecast"] < 1
        assert n == 12_417
        assert summary["accuracy"] >= 0.87
        assert summary["balanced_accuracy"] >= 0.82
        assert summary["macro_f1"] >= 0.83
    keys = (
        "duplicates_dropped predict_us runtime wall_s r_ingest e_buffer r_noise s_feature l_infer"
    )
    assert set(keys.split()) <= set(summary)
    picture = (tmp_path / "build/demo/timeline.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert load_package(tmp_path / "build/demo/occupancy").classes == ["empty", "occupied"]
    with sqlite3.connect(tmp_path / "build/demo/edgewise.db") as db:
        classes = db.execute("select distinct cls from reading where cls is not null")
        assert {cls for (cls,) in classes} == {"empty", "occupied"}
