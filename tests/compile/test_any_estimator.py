"""Whatever scikit-learn fits and whatever a file holds: an exact package or one line."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.test_cli import check_refusal
from tests.command import edgewise
from tests.compile.estimators import decision_tree, extra_trees, random_forest
from tests.counts import count

from edgewise.package.store import load_package

FEATURES = ["t_level", "h_level", "t_mean_5"]
RNG = np.random.default_rng(0)
X = RNG.integers(1500, 6000, (300, 3))
Y = np.where(X[:, 0] + RNG.normal(0, 300, 300) > 2500, "closed", "open")
IS_MISSING = RNG.random(X.shape) < 0.3
WEIGHTS = RNG.random(300)


def named(x: np.ndarray) -> Any:
    """A table with the names of the features."""
    import pandas as pd

    return pd.DataFrame(x, columns=FEATURES)


def small_tree() -> Any:
    return decision_tree(max_depth=3, random_state=0)


def fit(estimator: Any, y: Any = Y) -> Any:
    return estimator.fit(named(X), y)


def compile_file(folder: Path, log_path: Path, estimator: Any) -> Any:
    import skops.io

    path = folder / "own.skops"
    skops.io.dump(estimator, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return edgewise("compile", path, "--log", log_path, "--out", folder / "out")


def every_estimator() -> Iterator[Any]:
    """One of each class that scikit-learn has, not fitted; around a tree where it needs one."""
    from sklearn.utils import all_estimators

    tree = small_tree()
    for _, kind in all_estimators():
        for arguments in ((), (tree,), ([("a", tree)],)):
            try:
                yield kind(*arguments)
            except TypeError:
                continue
            break


def test_every_kind_that_is_not_fitted_is_one_line(tmp_path: Path, log_path: Path) -> None:
    from skops.io.exceptions import UnsupportedTypeException

    n_lines = 0
    for estimator in islice(every_estimator(), 0, None, count(3, 1)):
        try:
            line = check_refusal(compile_file(tmp_path, log_path, estimator))
        except UnsupportedTypeException:  # skops writes no file of it
            continue
        n_lines += 1
        assert "DecisionTreeClassifier" in line or "not fitted" in line, line
    assert n_lines > count(50, 150)


def test_what_is_fitted_and_not_of_a_node_is_one_line(tmp_path: Path, log_path: Path) -> None:
    from sklearn.model_selection import GridSearchCV
    from sklearn.multioutput import MultiOutputClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    tree = small_tree
    with_nan = named(np.where(IS_MISSING, np.nan, X))
    for estimator, reason in (
        (fit(make_pipeline(StandardScaler(), tree())), "Pipeline: not supported"),
        (fit(GridSearchCV(tree(), {"max_depth": [1, 2]})), "without the pipeline or search"),
        (fit(MultiOutputClassifier(tree()), np.c_[Y, Y]), "MultiOutputClassifier: not supported"),
        (fit(tree(), np.c_[Y, Y]), "2 outputs, a node says one class"),
        (fit(tree(), np.full(300, "a")), "1 class(es)"),
        (fit(tree(), np.arange(300)), "300 class(es)"),
        (fit(decision_tree(min_samples_leaf=10**6)), "no tree has a split"),
        (fit(random_forest(2, min_samples_leaf=10**6)), "no tree has a split"),
        (fit(tree(), np.where(Y == "open", "o" * 65, "c")), "has 65 characters"),
        (fit(tree(), np.where(Y == "open", "", "c")), "class '' has 0 characters"),
        (tree().fit(named(X * 1000.0), Y), "scale that feature down"),
        (tree().fit(X, Y), "fitted without feature names"),
        (random_forest(3, random_state=0).fit(with_nan, Y), "by missing values"),
        (tree(), "not fitted"),
        (fit(tree()).tree_, "Tree: not supported"),
        ([fit(tree())], "list: not supported"),
        ({"model": 1}, "dict: not supported"),
        (None, "NoneType: not supported"),
        (np.zeros(3), "ndarray: not supported"),
    ):
        assert reason in check_refusal(compile_file(tmp_path, log_path, estimator))
    twice = fit(tree())
    twice.feature_names_in_ = np.array([*FEATURES[:2], "t_level"], dtype=object)
    assert "is there twice" in check_refusal(compile_file(tmp_path, log_path, twice))


@pytest.mark.parametrize(
    ("kind", "options", "labels", "classes"),
    [
        (decision_tree, {"max_depth": 3}, Y == "open", ["False", "True"]),
        (random_forest, {"trees": 1, "max_depth": 2}, Y, ["closed", "open"]),
        # nan: a split on a value that is there, and a side for those that are missing
        (extra_trees, {"trees": 3, "max_depth": 2}, Y, ["closed", "open"]),
    ],
    ids=["bool", "one tree", "nan"],
)
def test_what_a_node_can_run_is_exact(
    kind: Callable[..., Any],
    options: dict[str, int],
    labels: Any,
    classes: list[str],
    tmp_path: Path,
    log_path: Path,
) -> None:
    x = named(np.where(IS_MISSING, np.nan, X) if kind is extra_trees else X)
    fitted = kind(**options, random_state=0).fit(x, labels, sample_weight=WEIGHTS)
    result = compile_file(tmp_path, log_path, fitted)
    assert result.returncode == 0, result.stderr
    package = load_package(tmp_path / "out")
    assert package.classes == classes
    model = package.model()
    said = [classes[model.predict(row)] for row in X.tolist()]
    assert said == [str(name) for name in fitted.predict(named(X))]


def test_other_files_are_one_line(tmp_path: Path, log_path: Path) -> None:
    import joblib

    tree = fit(small_tree())
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
