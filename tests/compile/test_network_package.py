"""`edgewise compile net.tflite`: a package that the whole way through knows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.cli.test_cli import check_refusal
from tests.command import edgewise
from tests.compile.ask_litert import FOLDER
from tests.shared import once, small_log

from edgewise.package.store import load_package

KERAS, INPUTS = FOLDER / "keras.tflite", FOLDER / "inputs.csv"


@pytest.fixture(scope="module")
def log_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "network-log", lambda f: small_log(f / "log.csv")) / "log.csv"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, log_csv: Path) -> Path:
    def build(folder: Path) -> None:
        options = ("--log", log_csv, "--features", INPUTS, "--out", folder / "net")
        result = edgewise("compile", KERAS, *options)
        assert result.returncode == 0, result.stderr
        assert "the same as LiteRT's reference kernels on" in result.stderr
        assert "classes, in the order of the outputs: closed, open" in result.stderr

    return once(tmp_path_factory, "network", build) / "net"


def test_both_runtimes_say_the_same_of_the_log(
    package: Path, log_csv: Path, tmp_path: Path
) -> None:
    texts = []
    for runtime in ("cpython", "micropython"):
        out = tmp_path / f"{runtime}.csv"
        options = ("--label", "status", "--runtime", runtime, "--out", out)
        result = edgewise("predict", package, log_csv, *options)
        assert "accuracy 98.2%" in result.stderr
        texts.append(out.read_text())
    assert texts[0] == texts[1]
    rows = list(csv.DictReader(texts[0].splitlines()))
    assert {row["class"] for row in rows} == {"closed", "open"}
    line = check_refusal(edgewise("predict", package, log_csv, "--runtime", "c"))
    assert "a network has no form in C" in line


def test_a_network_is_inspected_ranked_and_compiled_again(package: Path, tmp_path: Path) -> None:
    text = edgewise("inspect", package).stdout
    assert "an int8 network, 3 - 16 - 8 - 2" in text
    assert "multiplies 192 times" in text
    assert "trees" not in text
    assert "h_level" in edgewise("report", package).stdout
    result = edgewise("compile", package, "--out", tmp_path / "net")
    assert result.returncode == 0, result.stderr
    first, again = load_package(package), load_package(tmp_path / "net")
    assert first.blob == again.blob
    assert first.golden_sequence() is not None
    assert "bench compares forests" in check_refusal(edgewise("bench", package))


def test_wrong_use_is_one_line_and_writes_nothing(log_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    log = ("--log", log_csv)
    for options, message in (
        ((KERAS,), "needs --log"),
        ((KERAS, *log), "does not name its 3 input(s)"),
        ((KERAS, *log, "--features", "t_level,h_level,xx"), "feature xx is not known"),
        ((KERAS, *log, "--features", INPUTS, "--classes", "open"), "2 outputs, 1 classes"),
        ((KERAS, *log, "--features", INPUTS, "--classes", "open,shut"), "class closed is not in"),
        ((KERAS, *log, "--features", INPUTS, "--form", "inline"), "no inline code"),
        ((tmp_path / "gone.tflite", *log), "no such file"),
        ((log_csv, *log), "not a .skops file"),
        ((log_csv, *log, "--features", INPUTS), "--features is for a network"),
    ):
        assert message in check_refusal(edgewise("compile", *options, "--out", out)), message
    assert not out.exists()
