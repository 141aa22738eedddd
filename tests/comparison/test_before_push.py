"""`edgewise push --db`: old and new on the last labelled readings, and a worse one is not sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.command import edgewise
from tests.comparison.labelled import NODE, good_and_poor, store_past


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return good_and_poor(tmp_path_factory)


@pytest.fixture
def past(folder: Path, engine: Engine) -> Engine:
    store_past(engine, folder)
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
