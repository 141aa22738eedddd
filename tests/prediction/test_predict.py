"""`edgewise predict` on readings that the model was trained on: said, and scored apart."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_cli import edgewise
from tests.shared import small_log

from edgewise.compile import compile_model
from edgewise.features.splitting import file_sha256, split_log
from edgewise.package.store import Package, json_bytes
from edgewise.training import Budget, Options, train

PARTS = ("trained_on", "held_out", "other")


def predict(model: Path, log: Path, *options: str) -> tuple[list[str], dict[str, Any]]:
    """What it says, and its object."""
    out = log.with_name("out.csv")
    out.unlink(missing_ok=True)
    result = edgewise("predict", str(model), str(log), "--out", str(out), "--json", *options)
    assert result.returncode == 0, result.stderr
    return result.stderr.splitlines(), json.loads(result.stdout)


def test_the_log_of_the_training(model: Package, log_path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    shutil.copyfile(log_path, log)
    lines, report = predict(model.path, log)
    assert lines[0] == (
        f"{log}: the model was trained on 420 of these 600 readings: figures on them say nothing "
        "about new readings"
    )
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "on 420 labelled rows that it was trained on",
        "on 180 labelled rows that its training held out",
    ]
    assert (report["rows"], report["trained_on"]) == (600, 420)
    assert [report["parts"][part]["rows"] for part in PARTS] == [420, 180, 0]
    assert report["parts"]["held_out"] == model.info["metrics"]["test"]


def test_a_log_that_has_grown(model: Package, log_path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    head, *rows = log_path.read_text().splitlines()
    start_s = 1_700_000_000 + 30 * len(rows)
    grown = [f"{start_s + 30 * i},n0,19.{i},45,closed" for i in range(10)]
    log.write_text("\n".join([head, *rows, *grown]) + "\n")
    lines, report = predict(model.path, log)
    assert "trained on 420 of these 610 readings" in lines[0]
    assert "on 10 labelled rows that its training did not have" in lines[3]
    assert [report["parts"][part]["rows"] for part in PARTS] == [420, 180, 10]


def test_another_log(model: Package, log_path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(log_path.read_text().replace(",40.", ",41."))
    lines, report = predict(model.path, log)
    assert [line.partition(":")[0] for line in lines] == ["on 600 labelled rows"]
    assert (report["trained_on"], "parts" in report) == (0, False)


@pytest.fixture
def old_model(model: Package, log_path: Path, tmp_path: Path) -> Path:
    """A package that does not say which rows it was trained on."""
    folder = tmp_path / "old"
    shutil.copytree(model.path, folder)
    evidence = json.loads((folder / "evidence.json").read_text())
    for part in evidence["data"].values():
        del part["pieces"]
    (folder / "evidence.json").write_bytes(json_bytes(evidence))
    info = json.loads((folder / "model.json").read_text())
    info["data_sha256"] = {log_path.name: file_sha256(log_path)}
    info["sha256"]["evidence.json"] = file_sha256(folder / "evidence.json")
    (folder / "model.json").write_bytes(json_bytes(info))
    return folder


def test_a_package_that_does_not_say_which_rows(
    old_model: Path, log_path: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    shutil.copyfile(log_path, log)
    lines, report = predict(old_model, log)
    share = json.loads((old_model / "model.json").read_text())["metrics"]["test"]
    assert lines[0] == (
        f"{log}: {old_model} was made from this file, and which of these rows trained it is not "
        f"known, {share['balanced_accuracy']:.1%} balanced on those held out: figures on them say "
        "nothing about new readings: read it with the options of the training, or train again"
    )
    assert (len(lines), report["trained_on"]) == (2, None)


def test_the_log_of_the_training_in_another_zone(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log.csv", 900)
    head, *rows = log.read_text().splitlines()
    start = datetime(2026, 3, 1, 10)
    times = [f"{start + timedelta(seconds=30 * i)}" for i in range(len(rows))]
    local = [f"{time},{row.split(',', 1)[1]}" for time, row in zip(times, rows, strict=True)]
    log.write_text("\n".join([head, *local]) + "\n")
    fit, test = split_log(log)
    trained = train(fit, test, Budget(30), Options(outlook=False))
    model = tmp_path / "model"
    compile_model(trained, model, {"log.csv": file_sha256(log)})
    lines, report = predict(model, log)
    assert any("the model was trained on " in line for line in lines) and report["trained_on"]
    lines, report = predict(model, log, "--tz", "Europe/Berlin")
    assert any("which of these rows trained it is not known" in line for line in lines)
    assert report["trained_on"] is None


def test_times_without_a_zone(model: Package, tmp_path: Path) -> None:
    log = small_log(tmp_path / "log.csv")
    rows = [row.split(",", 1) for row in log.read_text().splitlines()[1:121]]
    times = [f"2023-11-14 {i // 120:02}:{i // 2 % 60:02}:{30 * (i % 2):02}" for i in range(120)]
    for suffix, options, said in [
        ("", (), ["time: ISO 8601, taken as UTC: the file names no zone, --tz does"]),
        ("", ("--tz", "Europe/Berlin"), ["time: ISO 8601, Europe/Berlin"]),
        ("Z", (), []),
    ]:
        lines = [f"{time}{suffix},{row[1]}" for time, row in zip(times, rows, strict=True)]
        log.write_text("time,node,temperature,humidity,status\n" + "\n".join(lines) + "\n")
        told, _ = predict(model.path, log, *options)
        assert told[:-1] == said
