"""A log that does not fit the model or the test is told so, and what makes it fit works."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.command import edgewise
from tests.shared import small_log

from edgewise.logs.log import read_log
from edgewise.logs.resample import resample
from edgewise.package.store import Package
from edgewise.times import iso

HEAD = "time,temperature,humidity,status\n"


def _thinned(path: Path, step_s: float, rename: dict[str, str] | None = None) -> Path:
    """The small log with another time between its rows, and other classes."""
    log = read_log(small_log(path.with_suffix(".source")))
    assert log.label is not None
    rows = zip(log.t_dc.tolist(), log.h_pm.tolist(), log.label.tolist(), strict=True)
    path.write_text(
        HEAD
        + "".join(
            f"{iso(1_600_000_000 + step_s * i)},{t / 10},{h / 10},{(rename or {}).get(cls, cls)}\n"
            for i, (t, h, cls) in enumerate(rows)
        )
    )
    return path


def _refused(*arguments: str | Path) -> str:
    result = edgewise(*arguments)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    return result.stderr.splitlines()[-1]


def test_another_period_is_named_and_resampled(model: Package, tmp_path: Path) -> None:
    path, out = _thinned(tmp_path / "fast.csv", 10), tmp_path / "classes.csv"
    said = _refused("predict", model.path, path, "--out", out)
    assert "a reading every 10 s, the model has one every 30 s: --resample takes one" in said
    assert not out.exists()
    result = edgewise("predict", model.path, path, "--out", out, "--resample")
    assert result.returncode == 0, result.stderr
    assert len(out.read_text().splitlines()) == 201


def test_a_logger_that_is_a_little_slow_is_not_another_period(
    model: Package, tmp_path: Path
) -> None:
    path = _thinned(tmp_path / "slow.csv", 31)
    assert edgewise("predict", model.path, path, "--out", tmp_path / "o.csv").returncode == 0


def test_classes_that_the_model_does_not_know(model: Package, tmp_path: Path) -> None:
    path = _thinned(tmp_path / "log.csv", 30, {"open": "auf", "closed": "zu"})
    said = _refused("predict", model.path, path, "--label", "status", "--out", tmp_path / "o.csv")
    assert "has the classes auf, zu, the model has closed, open" in said
    path = _thinned(tmp_path / "log.csv", 30, {"open": "Open"})
    said = _refused("predict", model.path, path, "--label", "status", "--out", tmp_path / "o.csv")
    assert "the spelling differs: 'Open' for 'open'" in said


def test_a_test_of_the_training_is_none(tmp_path: Path) -> None:
    path = _thinned(tmp_path / "log.csv", 30)
    rows = path.read_text().splitlines(keepends=True)
    cut = tmp_path / "cut.csv"
    cut.write_text("".join([rows[0], *rows[300:400]]))
    for test in (path, cut):
        said = _refused("train", path, "--test", test, "--out", tmp_path / "model")
        assert "test readings are in" in said
        assert "as well: a test needs readings that the training never saw" in said
    assert not (tmp_path / "model").exists()


def test_a_test_of_another_period_or_other_classes(tmp_path: Path) -> None:
    path, fast = _thinned(tmp_path / "log.csv", 30), _thinned(tmp_path / "fast.csv", 10)
    said = _refused("train", path, "--test", fast, "--out", tmp_path / "model")
    assert "fast.csv: a reading every 10 s, the training log has one every 30 s" in said
    other = _thinned(tmp_path / "other.csv", 31, {"open": "auf"})
    said = _refused("train", path, "--test", other, "--out", tmp_path / "model")
    assert "has the classes auf, closed, the training log has closed, open" in said


@pytest.mark.parametrize(
    ("rename", "said"),
    [
        ({"open": "Closed"}, "'Closed' and 'closed' are two spellings of one class"),
        ({"open": "closed "}, "only the class 'closed'"),
        ({"open": "NA"}, "the class 'NA' looks like a missing label"),
        ({"open": "None"}, "the class 'None' looks like a missing label"),
        ({"open": "20.5", "closed": "21.0"}, "looks like a measurement, 2 numbers such as 20.5"),
    ],
)
def test_labels_that_are_not_meant(tmp_path: Path, rename: dict[str, str], said: str) -> None:
    path = _thinned(tmp_path / "log.csv", 30, rename)
    assert said in _refused("train", path, "--out", tmp_path / "model")


def test_a_measurement_is_no_class(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [f"{1_600_000_000 + 30 * i},{20 + i % 7},{40 + i % 9},{400 + i}\n" for i in range(200)]
    path.write_text("time,temperature,humidity,co2\n" + "".join(rows))
    said = _refused("train", path, "--label", "co2", "--out", tmp_path / "model")
    assert "column co2: looks like a measurement" in said


def test_resampled_is_the_last_reading_at_each_beat(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    times = [*range(0, 100, 10), *range(1000, 1100, 10)]
    path.write_text("time,temp,hum\n" + "".join(f"{t},{t / 100:.1f},40\n" for t in times))
    log = resample(read_log(path), 30_000)
    assert log.time_s.tolist() == [0, 30, 60, 90, 1020, 1050, 1080]
    assert log.t_dc.tolist() == [0, 3, 6, 9, 102, 105, 108]
    slow = resample(read_log(path), 4_000)
    assert np.diff(slow.time_s).tolist().count(4.0) == len(slow) - 2
