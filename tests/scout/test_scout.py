"""The scout on a log, with tsfresh itself."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.command import edgewise
from tests.counts import WHOLE
from tests.shared import small_log

from edgewise.logs.log import read_log
from edgewise.scout.windows import LENGTH, windows_of
from edgewise.toolchain import extras


def test_windows_are_the_last_readings_up_to_a_label(tmp_path: Path) -> None:
    log = read_log(small_log(tmp_path / "log.csv", 400, nodes=2))
    windows = windows_of(log, ["t_level", "h_mean_60"], [])
    assert len(windows.rows.y) == 2 * (400 - LENGTH + 1)
    assert windows.values["t"].shape == (len(windows.rows.y), LENGTH)
    assert np.array_equal(windows.values["t"][:, -1], windows.rows.x[:, 0] / 100)
    means = windows.values["h"].mean(axis=1)
    assert np.abs(means - windows.rows.x[:, 1] / 100).max() < 0.011
    of_node = log.node == "n1"
    assert np.array_equal(windows.values["t"][-1], log.t_dc[of_node][-LENGTH:] / 10)


def test_windows_are_bounded_and_do_not_span_a_gap(tmp_path: Path) -> None:
    lines = small_log(tmp_path / "log.csv", 1500).read_text().splitlines()
    (tmp_path / "gap.csv").write_text("\n".join([*lines[:701], *lines[761:]]) + "\n")
    log = read_log(tmp_path / "gap.csv")
    windows = windows_of(log, ["t_level"], [])
    assert len(windows.rows.y) == 1000
    before = log.time_s[700]
    is_after = windows.rows.time_s >= before
    assert (windows.rows.time_s[is_after] >= before + (LENGTH - 1) * 30).all()


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (200, [], "141 labelled readings with 60 readings before them, 200 are needed"),
        (600, ["--features", "t_level,x_y"], "--features: feature x_y is not known"),
        (600, ["--label", "temperature"], ""),
    ],
)
def test_a_log_that_does_not_do(
    rows: int, options: list[str], message: str, tmp_path: Path
) -> None:
    log = small_log(tmp_path / "log.csv", rows)
    out = tmp_path / "ranking.csv"
    result = edgewise("data", "features", log, *options, "--scout", "tsfresh", "--out", out)
    assert result.returncode == 2 and message in result.stderr
    assert not out.exists()


def test_what_is_not_installed_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tsfresh", None)
    result = edgewise("data", "features", small_log(tmp_path / "log.csv"), "--scout", "tsfresh")
    assert result.returncode == 1
    assert result.stderr.endswith(f"run: {extras.command('scout')}\n")


def test_another_library_and_a_file_of_another_kind(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log.csv")
    result = edgewise("data", "features", log, "--scout", "catch22")
    assert result.returncode == 2 and "catch22" in result.stderr
    (tmp_path / "mine.csv").write_text("a,b\n")
    arguments = ["--scout", "tsfresh", "--out", tmp_path / "mine.csv"]
    result = edgewise("data", "features", log, *arguments)
    assert result.returncode == 2 and "not a ranking of features" in result.stderr


@pytest.mark.skipif(not WHOLE, reason="half a minute of tsfresh: make test-all")
def test_a_log_is_scouted(tmp_path: Path) -> None:
    log = small_log(tmp_path / "log.csv", 320)
    out = tmp_path / "ranking.csv"
    for _ in range(2):  # the second time over what it wrote
        result = edgewise("data", "features", log, "--scout", "tsfresh", "--out", out)
        assert result.returncode == 0, result.stderr
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert {row["from"] for row in rows} == {"edgewise", "tsfresh"}
    bits = [float(row["bits"]) for row in rows]
    assert bits == sorted(bits, reverse=True)
    by_name = {row["feature"]: row for row in rows}
    # tsfresh has our features too
    assert float(by_name['t__linear_trend__attr_"slope"']["alike"]) > 0.99
    assert by_name["t__standard_deviation"]["closest"] == "t_std_60"
    assert "nothing to gain" in result.stderr and "matrix_profile" not in result.stderr
    assert "windows of 60 readings" in result.stderr
