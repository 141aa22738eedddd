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
from edgewise.database.names import set_name
from edgewise.database.schema import reading_hour, status


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


def test_nodes_are_called_by_their_names(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    shift_s = time.time() - NOW_S
    readings = [
        {**r, **dict.fromkeys(("ts", "received_at"), r["ts"] + shift_s)} for r in rows("n1")
    ]
    store(engine, (r | failure("timeout") if r["seq"] % 4 == 0 else r for r in readings))
    set_name(engine, "n1", "Window, left", "lab")
    with engine.begin() as connection:
        connection.execute(status.insert().values(node="n2", online=1, received_at=1.0))
    set_name(engine, "n2", "Door")
    engine.dispose()
    result = run("--db", url, "--models", str(tmp_path), "--json")
    assert result.returncode == 0, result.stderr
    assert "of the reads of Window, left (n1) failed for a week or more" in result.stderr
    assert "\n Window, left (n1) " in result.stderr
    assert "- Door (n2): not judged: no readings with a time yet\n" in result.stderr
    report = json.loads(result.stdout)
    assert "of the reads of n1 failed" in report["remarks"][0]["text"]
    assert report["names"]["n1"] == {"node": "n1", "name": "Window, left", "room": "lab"}


def test_a_past_of_long_ago(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    store(engine, rows("n"))
    engine.dispose()
    result = run("--db", url)
    assert result.returncode == 0
    assert re.search(r"\n- n: not judged: no readings for \d{4} days\n$", result.stderr)


def test_every_node_is_listed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(url)
    shift_s = time.time() - NOW_S
    readings = [
        {**r, **dict.fromkeys(("ts", "received_at"), r["ts"] + shift_s)} for r in rows("dead")
    ]
    store(engine, (r | failure("timeout") for r in readings))
    store(engine, [{**readings[0], "node": "clockless", "ts": None}])
    store(engine, [{**readings[-1], "node": "new"}])
    with engine.begin() as connection:
        connection.execute(status.insert().values(node="mute", online=1, received_at=NOW_S))
        connection.execute(
            reading_hour.insert().values(node="old", hour_ts=NOW_S, n=1, failed=0, t_mean=20.0)
        )
    engine.dispose()
    result = run("--db", url, "--models", str(tmp_path), "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["nodes"] == ["clockless", "dead", "mute", "new", "old"]
    assert all(f"\n {name} " in result.stderr for name in report["nodes"])
    assert report["unjudged"].pop("old").startswith("not judged: no readings for ")
    assert report["unjudged"] == {
        "clockless": "not judged: no readings with a time yet",
        "mute": "not judged: no readings with a time yet",
        "new": "not judged yet: too few readings",
    }
    assert "- mute: not judged: no readings with a time yet\n" in result.stderr
    assert "100% of the reads of dead failed" in result.stderr


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
