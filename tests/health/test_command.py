"""edgewise health: a table, the remarks, one JSON object."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.health.weeks import NOW_S, failed, rows, store

from edgewise.database import open_db


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return edgewise("health", *words)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    later_s = time.time() - NOW_S
    moved = ({**r, **dict.fromkeys(("ts", "received_at"), r["ts"] + later_s)} for r in rows("n"))
    store(engine, (r | failed("timeout") if r["seq"] % 4 == 0 else r for r in moved))
    engine.dispose()
    done = run("--db", url, "--models", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    newest = max((f for f in said["findings"] if f["kind"] == "failed"), key=lambda f: f["day"])
    assert f"{newest['value']:.1%}" in done.stderr
    (remark,) = said["remarks"]
    assert f"- {remark['text']}\n" in done.stderr
    start = f"{newest['value']:.0%} of the reads of n failed for a week or more"
    assert remark["text"].startswith(start)
    assert {f["kind"] for f in said["findings"]} == {"failed", "flat"}
    assert said["models"] == {}


def test_a_past_of_long_ago(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    store(engine, rows("n"))
    engine.dispose()
    done = run("--db", url)
    assert done.returncode == 0
    assert done.stderr.endswith("no readings of the last eight days\n")


@pytest.mark.parametrize(
    ("db", "said"),
    [
        ("sqlite:///empty.db", "no readings: edgewise collect puts them there"),
        ("sqlite:///a.db", "database a.db does not exist: check the path"),
        ("sqlite:///nowhere/a.db", "database folder nowhere does not exist"),
        ("mysql://a/b", "mysql"),
    ],
)
def test_nothing_to_look_at_is_one_line(
    db: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_db("sqlite:///empty.db").dispose()
    done = run("--db", db)
    assert done.returncode == 2 and not done.stdout
    assert said in done.stderr and done.stderr.count("\n") == 1
