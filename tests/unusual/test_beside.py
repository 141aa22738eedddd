"""A detector beside a classifier: its own features, the same classes, one package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.command import edgewise
from tests.shared import once
from tests.unusual.conftest import ordinary

from edgewise.compile import recompile
from edgewise.errors import InputError
from edgewise.logs.log import Log, read_log
from edgewise.package.store import Package, load_package
from edgewise.prediction.predict import predict_c, predict_log, predict_micropython

DAYS = 6


@pytest.fixture(scope="module")
def labelled_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room that is used by day, which the humidity shows."""
    t_c, h_pct = ordinary(DAYS, seed=4)
    n = len(t_c)
    is_used = (np.arange(n) // 180) % 2 == 1
    h_pct[is_used] += 6
    rows = [
        f"{1_699_920_000 + 120 * i},{t:.1f},{h:.1f},{'used' if u else 'empty'}"
        for i, (t, h, u) in enumerate(zip(t_c, h_pct, is_used, strict=True))
    ]
    path = tmp_path_factory.mktemp("beside") / "log.csv"
    path.write_text("\n".join(["time,temperature,humidity,label", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def said(labelled_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, str]:
    def build(folder: Path) -> None:
        result = edgewise(
            *("train", labelled_path, "--false-alarms", "1/day", "--max-nodes", 40),
            *("--out", folder / "room"),
        )
        assert result.returncode == 0, result.stderr
        (folder / "said.txt").write_text(result.stderr)

    folder = once(tmp_path_factory, "beside-a-classifier", build)
    return load_package(folder / "room"), (folder / "said.txt").read_text()


def with_spike(path: Path) -> Log:
    log = read_log(path, "label")
    log.h_pm[500:520] += 300
    return log.select(np.arange(300, 900))


def test_the_package_has_both(said: tuple[Package, str]) -> None:
    package, text = said
    info = package.info
    assert set(info["classes"]) == {"empty", "used"}
    head = package.heads["detector"]
    names = [limit["feature"] for limit in info["detector"]["limits"]]
    assert [package.features[i] for i in head["feature"]] == names
    used = {package.features[node[0]] for node in package.forest.nodes}
    assert set(info["relevance"]) == set(package.features) == used | set(names)
    assert info["metrics"]["test"]["balanced_accuracy"] > 0.7
    assert {n for n, facts in info["relevance"].items() if facts["use"] > 0} <= used
    for words in ("; alarm above ", "false alarms: ", "wanted at most 1/day", "on 1296 test read"):
        assert words in text
    page = (package.path / "report.html").read_text()
    for words in ("What is unusual", "How right it is", "which hides spikes"):
        assert (words in page) == (words != "which hides spikes" or bool(package.filters))


def test_every_runtime_says_the_same(said: tuple[Package, str], labelled_path: Path) -> None:
    package, _ = said
    log = with_spike(labelled_path)
    expected = predict_log(package, log)
    assert {0, 1} < set(expected.cls[log.valid].tolist())  # a jump that large is refused
    assert expected.u.max() > 100
    for run in (predict_micropython, predict_c):
        found = run(package, log)
        for key in ("cls", "p_pc", "sure", "u"):
            assert getattr(found, key).tolist() == getattr(expected, key).tolist(), key


def test_predict_lists_episodes_and_how_unusual(
    said: tuple[Package, str], labelled_path: Path, tmp_path: Path
) -> None:
    package, _ = said
    out = tmp_path / "c.csv"
    lines = labelled_path.read_text().splitlines()
    for i in range(500, 520):
        time, t, h, label = lines[i].split(",")
        lines[i] = f"{time},{t},{float(h) + 30:.1f},{label}"
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    for _ in range(2):  # it writes over its own output
        result = edgewise("predict", package.path, tmp_path / "log.csv", "--out", out, "--json")
        assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["balanced_accuracy"] > 0.5
    assert any(episode["feature"].startswith("h_") for episode in found["episodes"])
    head, *rows = [line.split(",") for line in out.read_text().splitlines()]
    assert head == ["time", "node", "class", "confidence", "unusual"]
    assert max(float(row[4]) for row in rows if row[4]) > 1
    assert {row[2] for row in rows} <= {"empty", "used", ""}
    inspected = edgewise("inspect", package.path)
    assert "a detector of " in inspected.stdout
    report = edgewise("report", package.path)
    assert "S_feature" in report.stdout and "; alarm above " in report.stdout


def test_compiled_again_it_is_the_same(said: tuple[Package, str], tmp_path: Path) -> None:
    package, _ = said
    info = recompile(package, None, tmp_path / "again")
    assert info["heads"] == package.info["heads"]
    assert load_package(tmp_path / "again").blob[44:] != b""


def test_limits_that_are_not_those_of_the_head_are_refused(
    said: tuple[Package, str], tmp_path: Path
) -> None:
    package, _ = said
    for path in package.path.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first = package.info["detector"]["limits"][0]
    for change in ({"limit": first["limit"] + 1}, {"usual": 0}, {"feature": "a_ema_9"}):
        info = json.loads((package.path / "model.json").read_text())
        info["detector"]["limits"][0] = {**first, **change}
        (tmp_path / "model.json").write_text(json.dumps(info))
        with pytest.raises(InputError, match=r"key detector differs from model\.bin: train again"):
            load_package(tmp_path)
    del info["detector"]
    (tmp_path / "model.json").write_text(json.dumps(info))
    with pytest.raises(InputError, match=r"key detector differs from model\.bin: train again"):
        load_package(tmp_path)
