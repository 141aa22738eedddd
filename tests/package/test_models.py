"""The models of the repository: whole, small, and true to their golden vectors."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from edgewise.package.heads import is_alone
from edgewise.package.store import load_package
from edgewise.training.detector import Detector
from edgewise.unusual.first_week import LEARN
from edgewise.unusual.generic import GENERIC

MODELS = sorted(p.parent for p in (Path(__file__).parents[2] / "models").glob("*/model.json"))


LABELLED = [path for path in MODELS if not is_alone(load_package(path).info)]


def test_there_are_two() -> None:
    assert [p.name for p in MODELS] == ["first-week", "occupancy"]
    assert [p.name for p in LABELLED] == ["occupancy"]


def test_the_first_week_is_what_the_training_makes_now() -> None:
    package = load_package(MODELS[0])
    card = (MODELS[0].parent / "README.md").read_text()
    detector = Detector.from_info(package.info)
    assert detector is not None
    assert (detector.limits, package.heads["learn"]) == (GENERIC, LEARN)
    assert f"{package.info['nodes']} nodes" in card
    alarms = detector.chosen, detector.test
    assert f"none in {sum(a.days for a in alarms):.1f} days" in card
    assert [a.episodes for a in alarms] == [0, 0]


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.name)
def test_golden_vectors(path: Path) -> None:
    package = load_package(path)
    model = package.model()
    rows = list(csv.reader((path / "golden.csv").read_text().splitlines()))
    assert rows[0] == [*package.features, "class"]
    assert len(rows) > 50
    for row in rows[1:]:
        assert package.classes[model.predict([int(v) for v in row[:-1]])] == row[-1]


@pytest.mark.parametrize("path", LABELLED, ids=lambda p: p.name)
def test_the_card_states_the_figures(path: Path) -> None:
    info = load_package(path).info
    card = (path.parent / "README.md").read_text()
    scores = info["metrics"]["test"]
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert f"{scores[name]:.1%}".replace("%", " %") in card
    assert f"{info['nodes']} nodes" in card


@pytest.mark.parametrize("path", LABELLED, ids=lambda p: p.name)
def test_the_figures_of_each_class_are_those_of_the_confusion(path: Path) -> None:
    package = load_package(path)
    evidence = package.evidence()
    assert evidence is not None
    confusion = np.array(evidence["confusion"])
    scores = package.info["metrics"]["test"]
    columns = (confusion.sum(axis=1), np.diag(confusion), confusion.sum(axis=0))
    for name, n, n_right, n_said in zip(package.classes, *columns, strict=True):
        expected = {"rows": n, "recall": n_right / n, "precision": n_right / n_said}
        assert scores["classes"][name] == expected
    recalls = [cls["recall"] for cls in scores["classes"].values()]
    assert np.mean(recalls) == pytest.approx(scores["balanced_accuracy"])
