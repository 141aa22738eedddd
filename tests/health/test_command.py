"""edgewise health: a table, the remarks, one JSON object."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.health.weeks import NOW_S, failure, rows, store

from edgewise.database import open_db


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return edgewise("health", *arguments)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    shift_s = time.time() - NOW_S
    readings = (
        {**r, **dict.fromkeys(("ts", "received_at"), r["ts"] + shift_s)} for r in rows("n")
    )
    store(engine, (r | failure("timeout") if r["seq"] % 4 == 0 else r for r in readings))
    engine.dispose()
    result = run("--db", url, "--models", str(tmp_path), "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    finding = max((f for f in report["findings"] if f["kind"] == "failed"), key=lambda f: f["day"])
    assert f"{finding['value']:.1%}" in result.stderr
    (remark,) = report["remarks"]
    assert f"- {remark['text']}\n" in result.stderr
    prefix = f"{finding['value']:.0%} of the reads of n failed for a week or more"
    assert remark["text"].startswith(prefix)
    assert {f["kind"] for f in report["findings"]} == {"failed", "flat"}
    assert report["models"] == {}


def test_a_past_of_long_ago(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    store(engine, rows("n"))
    engine.dispose()
    result = run("--db", url)
    assert result.returncode == 0
    assert re.search(r"\n- n: not judged: no readings for \d{4} days\n$", result.stderr)


@pytest.mark.parametrize(
    ("db", "message"),
    [
        ("sqlite:///empty.db", "no readings: edgewise collect puts them there"),
        ("sqlite:///a.db", "database a.db does not exist: check the path"),
        ("sqlite:///nowhere/a.db", "database folder nowhere does not exist"),
        ("mysql://a/b", "mysql"),
    ],
)
def test_nothing_to_look_at_is_one_line(
    db: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_db("sqlite:///empty.db").dispose()
    result = run("--db", db)
    assert result.returncode == 2 and not result.stdout
    assert message in result.stderr and result.stderr.count("\n") == 1
