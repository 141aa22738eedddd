"""Whatever scikit-learn fits and whatever a file holds: an exact package or one line."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators
from skops.io.exceptions import UnsupportedTypeException
from tests.cli.test_cli import check_refusal
from tests.command import edgewise

from edgewise.package.store import load_package

FEATURES = ["t_level", "h_level", "t_mean_5"]
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.integers(1500, 6000, (300, 3)), columns=FEATURES)
Y = np.where(X["t_level"] + RNG.normal(0, 300, 300) > 2500, "closed", "open")
WITH_NAN = X.astype(float).mask(RNG.random(X.shape) < 0.3)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
WEIGHTS = RNG.random(300)


def compile_file(folder: Path, log_path: Path, estimator: Any) -> Any:
    path = folder / "own.skops"
    skops.io.dump(estimator, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return edgewise("compile", path, "--log", log_path, "--out", folder / "out")


def every_estimator() -> Iterator[Any]:
    """One of each class that scikit-learn has, not fitted; around a tree where it needs one."""
    for _, kind in all_estimators():
        for arguments in ((), (TREE,), ([("a", TREE)],)):
            try:
                yield kind(*arguments)
            except TypeError:
                continue
            break


def test_every_kind_that_is_not_fitted_is_one_line(tmp_path: Path, log_path: Path) -> None:
    n_lines = 0
    for estimator in every_estimator():
        try:
            line = check_refusal(compile_file(tmp_path, log_path, estimator))
        except UnsupportedTypeException:  # skops writes no file of it
            continue
        n_lines += 1
        assert "DecisionTreeClassifier" in line or "not fitted" in line, line
    assert n_lines > 150


def test_what_is_fitted_and_not_of_a_node_is_one_line(tmp_path: Path, log_path: Path) -> None:
    for estimator, reason in (
        (make_pipeline(StandardScaler(), clone(TREE)).fit(X, Y), "Pipeline: not supported"),
        (GridSearchCV(TREE, {"max_depth": [1, 2]}).fit(X, Y), "without the pipeline or search"),
        (MultiOutputClassifier(TREE).fit(X, np.c_[Y, Y]), "MultiOutputClassifier: not supported"),
        (clone(TREE).fit(X, np.c_[Y, Y]), "2 outputs, a node says one class"),
        (clone(TREE).fit(X, np.full(300, "a")), "1 class(es)"),
        (clone(TREE).fit(X, np.arange(300)), "300 class(es)"),
        (DecisionTreeClassifier(min_samples_leaf=10**6).fit(X, Y), "no tree has a split"),
        (RandomForestClassifier(2, min_samples_leaf=10**6).fit(X, Y), "no tree has a split"),
        (clone(TREE).fit(X, np.where(Y == "open", "o" * 65, "c")), "has 65 characters"),
        (clone(TREE).fit(X, np.where(Y == "open", "", "c")), "class '' has 0 characters"),
        (clone(TREE).fit(X * 1000.0, Y), "scale that feature down"),
        (clone(TREE).fit(X.to_numpy(), Y), "fitted without feature names"),
        (RandomForestClassifier(3, random_state=0).fit(WITH_NAN, Y), "by missing values"),
        (TREE, "not fitted"),
        (clone(TREE).fit(X, Y).tree_, "Tree: not supported"),
        ([clone(TREE).fit(X, Y)], "list: not supported"),
        ({"model": 1}, "dict: not supported"),
        (None, "NoneType: not supported"),
        (np.zeros(3), "ndarray: not supported"),
    ):
        assert reason in check_refusal(compile_file(tmp_path, log_path, estimator))
    twice = clone(TREE).fit(X, Y)
    twice.feature_names_in_ = np.array([*FEATURES[:2], "t_level"], dtype=object)
    assert "is there twice" in check_refusal(compile_file(tmp_path, log_path, twice))


@pytest.mark.parametrize(
    ("estimator", "x", "labels", "classes"),
    [
        (TREE, X, Y == "open", ["False", "True"]),
        (RandomForestClassifier(1, max_depth=2, random_state=0), X, Y, ["closed", "open"]),
        # nan: a split on a value that is there, and a side for those that are missing
        (ExtraTreesClassifier(3, max_depth=2, random_state=0), WITH_NAN, Y, ["closed", "open"]),
    ],
    ids=["bool", "one tree", "nan"],
)
def test_what_a_node_can_run_is_exact(
    estimator: Any, x: Any, labels: Any, classes: list[str], tmp_path: Path, log_path: Path
) -> None:
    fitted = clone(estimator).fit(x, labels, sample_weight=WEIGHTS)
    result = compile_file(tmp_path, log_path, fitted)
    assert result.returncode == 0, result.stderr
    package = load_package(tmp_path / "out")
    assert package.classes == classes
    model = package.model()
    said = [classes[model.predict(row)] for row in X.to_numpy().tolist()]
    assert said == [str(name) for name in fitted.predict(X)]


def test_other_files_are_one_line(tmp_path: Path, log_path: Path) -> None:
    tree = clone(TREE).fit(X, Y)
    joblib.dump(tree, tmp_path / "tree.joblib")
    files = {
        "tree.pkl": pickle.dumps(tree),
        "pickle.skops": pickle.dumps(tree),
        "joblib.skops": (tmp_path / "tree.joblib").read_bytes(),
        "empty.skops": b"",
        "text.skops": b"hello\n",
        "picture.skops": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.skops").mkdir()
    for name in (*files, "tree.joblib", "folder.skops", "none.skops"):
        words = ("compile", tmp_path / name, "--log", log_path, "--out", tmp_path / "out")
        line = check_refusal(edgewise(*words))
        assert line.startswith(f"error: {tmp_path / name}"), line
    assert not (tmp_path / "out").exists()
