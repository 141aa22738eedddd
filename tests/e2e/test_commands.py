"""The commands as a user types them: exit codes, one line for what is wrong, nothing half done."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.command import edgewise

from edgewise.package.store import Package

pytestmark = pytest.mark.long
SMALL_FOREST = ("--max-nodes", "30")  # one tree: a search of a second


def check_refusal(result: subprocess.CompletedProcess[str], code: int) -> str:
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    return line


@pytest.fixture
def package_copy(model: Package, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model.path, tmp_path / "window"))


def test_train_writes_a_package_that_says_what_it_is(log_path: Path, tmp_path: Path) -> None:
    result = edgewise("train", log_path, "--out", "m", *SMALL_FOREST, "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    info = json.loads(result.stdout)
    assert info["classes"] == ["closed", "open"]
    assert info["nodes"] <= 30
    assert info["metrics"]["test"]["accuracy"] > 0.9
    assert set(info["data_sha256"]) == {log_path.name}
    names = {p.name for p in (tmp_path / "m").iterdir()}
    assert names == {"model.json", *info["sha256"]}
    assert {"model.bin", "model.h", "golden.csv"} <= names


def test_train_never_replaces_what_is_no_package(log_path: Path, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m/thesis.txt").write_text("three years")
    line = check_refusal(edgewise("train", log_path, "--out", "m", *SMALL_FOREST, cwd=tmp_path), 2)
    assert "m: exists and is not a model package" in line
    assert [p.name for p in tmp_path.rglob("*")] == ["m", "thesis.txt"]


def test_train_wants_split_options_that_fit(log_path: Path, tmp_path: Path) -> None:
    line = check_refusal(edgewise("train", log_path, "--split-col", "node", cwd=tmp_path), 2)
    assert "--split-col and --train-value belong together" in line
    options = ("--split-col", "node", "--train-value", "x")
    assert "no row with node = x" in check_refusal(
        edgewise("train", log_path, *options, cwd=tmp_path), 2
    )
    line = check_refusal(edgewise("train", log_path, "--max-nodes", "2", cwd=tmp_path), 2)
    assert "--max-nodes 2" in line


def test_a_class_only_in_the_test_part_is_named(log_path: Path, tmp_path: Path) -> None:
    lines = log_path.read_text().splitlines()
    lines[-1] = lines[-1].rsplit(",", 1)[0] + ",ajar"
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    line = check_refusal(edgewise("train", "log.csv", cwd=tmp_path), 2)
    assert "log.csv: class 'ajar' is only in the test part" in line
    assert [p.name for p in tmp_path.iterdir()] == ["log.csv"]


def test_predict_is_row_for_row_on_both_runtimes(
    package_copy: Path, log_path: Path, tmp_path: Path
) -> None:
    lines = log_path.read_text().splitlines()
    cells = lines[10].split(",")
    lines[10] = ",".join([cells[0], cells[1], "ERROR", "nan", cells[4]])
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    for runtime in ("cpython", "micropython"):
        result = edgewise(
            "predict",
            package_copy,
            "log.csv",
            "--runtime",
            runtime,
            "--out",
            f"{runtime}.csv",
            "--json",
            cwd=tmp_path,
        )
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["failed_reads"] == 1
    text = (tmp_path / "cpython.csv").read_text()
    assert text == (tmp_path / "micropython.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == ["time", "node", "class", "confidence"]
    assert len(rows) == len(lines) - 1
    assert (rows[9]["class"], rows[9]["confidence"]) == ("", "")
    assert rows[0]["time"] == "2023-11-14T22:13:20Z"


def test_a_changed_byte_is_refused(package_copy: Path, log_path: Path, tmp_path: Path) -> None:
    for name in ("model.bin", "golden.csv", "model.h"):
        content = (package_copy / name).read_bytes()
        (package_copy / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        line = check_refusal(edgewise("predict", package_copy, log_path, cwd=tmp_path), 2)
        assert f"{name}: changed after it was written" in line
        (package_copy / name).write_bytes(content)
    assert edgewise("predict", package_copy, log_path, cwd=tmp_path).returncode == 0


def test_a_changed_manifest_is_refused(package_copy: Path, log_path: Path, tmp_path: Path) -> None:
    manifest = package_copy / "model.json"
    info = json.loads(manifest.read_text())
    for change, message in (
        ({"format": 2}, "format 2 is newer than 1"),
        ({"classes": ["a", "b"]}, "key classes differs from model.bin"),
        ({"sha256": {}}, "key sha256"),
        ({"format": "1"}, "key format"),
    ):
        manifest.write_text(json.dumps({**info, **change}))
        line = check_refusal(edgewise("predict", package_copy, log_path, cwd=tmp_path), 2)
        assert f"{manifest}: {message}" in line
        assert "upgrade" in line or "train again" in line
    manifest.write_text("{")
    assert "not JSON" in check_refusal(
        edgewise("predict", package_copy, log_path, cwd=tmp_path), 2
    )
    manifest.unlink()
    assert "cannot be read" in check_refusal(
        edgewise("predict", package_copy, log_path, cwd=tmp_path), 2
    )


def test_simulate_alone_brings_its_own_broker(
    package_copy: Path, log_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "node.toml").write_text(
        '[confirm]\nneed = 2\nof = 3\n[actuator]\npin = 5\non = "open"\n'
    )
    result = edgewise(
        "simulate",
        "--model",
        package_copy,
        "--log",
        log_path,
        "--config",
        "node.toml",
        "--json",
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["readings_taken"] == summary["readings_delivered"] == 600
    assert summary["readings_lost"] == 0
    assert summary["runtime"] == "viper-inline"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--broker", "mqtt://127.0.0.1:1"], 1, "Connection refused: check the port"),
        (["--broker", "mqtt://no-such-host.invalid"], 1, "host name is not known"),
        (["--broker", "localhost"], 2, "is not an address"),
        (["--speed", "fast"], 2, "--speed fast: a number"),
        (["--config", "none.toml"], 2, "none.toml: cannot be read"),
        (["--log", "none.csv"], 2, "none.csv"),
    ],
)
def test_simulate_names_what_is_wrong(
    options: list[str], code: int, message: str, package_copy: Path, log_path: Path, tmp_path: Path
) -> None:
    arguments = ["--model", str(package_copy), "--log", str(log_path), *options]
    assert message in check_refusal(edgewise("simulate", *arguments, cwd=tmp_path), code)
