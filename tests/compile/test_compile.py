"""What is refused, what is written, and what a package compiled once more is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.compile.estimators import decision_tree, random_forest

from edgewise.compile import compile, compile_estimator, parity
from edgewise.compile.forms import INLINE_MAX_BYTES
from edgewise.compile.skops_file import dump_estimator, load_estimator
from edgewise.errors import EdgewiseError, InputError
from edgewise.package.form import Form
from edgewise.prediction import runtimes

R = np.random.default_rng(0)
X = R.integers(-300, 300, (400, 2)).astype(np.int16)
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
CONTRACT = {
    "name": "small",
    "classes": ["low", "high"],
    "features": ["t_level", "h_level"],
    "filters": [],
    "period_ms": 60000,
    "max_delta": [0, 0],
    "s_feature": 0.5,
    "accuracy": 0.9,
}


def forest(trees: int = 5, **options: Any) -> Any:
    options.setdefault("max_depth", 4)
    return random_forest(trees, random_state=0, **options).fit(X, Y)


def fit_wide(columns: int) -> Any:
    x = R.integers(-9, 9, (50, columns))
    return decision_tree().fit(x, x[:, 0] > 0)


def test_a_classifier_that_no_node_runs(tmp_path: Path) -> None:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeRegressor

    tree = decision_tree
    for estimator, limit, cure in (
        (LogisticRegression().fit(X, Y), "LogisticRegression: not supported", "train one of"),
        (GradientBoostingClassifier(n_estimators=1).fit(X, Y), "not supported", "train one of"),
        (DecisionTreeRegressor().fit(X, Y), "a regressor predicts numbers", "DecisionTreeClass"),
        (random_forest(), "not fitted", r"call fit\(x, y\)"),
        (tree().fit(X, np.c_[Y, Y]), "2 outputs", "one model each"),
        (tree().fit(X, 0 * Y), r"1 class\(es\), 2 to 16", "label readings"),
        (tree().fit(X, np.arange(400) % 17), "17 class", "merge some"),
        (fit_wide(128), "128 features, 127 are the most", "most important"),
        (tree().fit(200.0 * X, Y), r"\+-32766 \(int16\)", "scale that feature"),
        (tree(min_samples_leaf=300).fit(X, Y), "no tree has a split", "leaves"),
    ):
        path = tmp_path / "mine.skops"
        path.write_bytes(dump_estimator(estimator))
        for candidate in (estimator, load_estimator(path)):
            with pytest.raises(InputError, match=limit) as error:
                compile_estimator(candidate, CONTRACT, X)
            assert error.match(cure)
            assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, 40000.0])
def test_rows_that_are_no_int16(value: float) -> None:
    rows = X.astype(float)
    rows[7, 1] = value
    with pytest.raises(InputError, match=r"row 7, feature h_level is .*: build them with"):
        compile_estimator(forest(), CONTRACT, rows)


def test_no_rows_and_wrong_columns() -> None:
    with pytest.raises(InputError, match="no rows to compare"):
        compile_estimator(forest(), CONTRACT, X[:0])
    with pytest.raises(InputError, match=r"shape \(400, 1\) do not fit 2 features"):
        compile_estimator(forest(), CONTRACT, X[:, :1])


def test_a_model_larger_than_a_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile, "TABLE_MAX_BYTES", 200)
    with pytest.raises(InputError, match=r"a board has room for 200: lower --max-nodes"):
        compile_estimator(forest(), CONTRACT, X)


@pytest.mark.parametrize("name", ["run_plain", "run_micropython", "run_c"])
def test_one_row_that_differs_in_one_runtime_stops_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_real = getattr(runtimes, name)

    def run_wrong(*args: Any) -> Any:
        output = run_real(*args)
        answers = output[0] if isinstance(output, tuple) else output
        answers[3, 0] = 1 - answers[3, 0]
        return output

    monkeypatch.setattr(parity.runtimes, name, run_wrong)
    with pytest.raises(EdgewiseError, match=r"says .* first at \{'t_level': -?\d+, 'h_level'"):
        compile_estimator(forest(), CONTRACT, X)


def test_small_is_inline_and_large_is_a_table() -> None:
    small_facts = compile_estimator(forest(), CONTRACT, X).facts
    assert small_facts["form"] == "inline"
    assert small_facts["inline_bytes"] <= INLINE_MAX_BYTES
    noise = R.integers(0, 2, 400)
    large_forest = random_forest(12, random_state=0).fit(X, noise)
    facts = compile_estimator(large_forest, CONTRACT, X).facts
    assert facts["form"] == "table"
    assert facts["inline_bytes"] > INLINE_MAX_BYTES
    assert compile_estimator(large_forest, CONTRACT, X, Form.inline).facts["form"] == "inline"
    assert compile_estimator(forest(), CONTRACT, X, Form.table).facts["form"] == "table"


def test_sizes_of_both_forms() -> None:
    facts = compile_estimator(forest(10), CONTRACT, X).facts
    assert facts["table_bytes"] <= 10 * facts["nodes"]
    assert facts["inline_bytes"] <= 45 * facts["nodes"]


def test_a_classifier_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.skops"
    path.write_bytes(dump_estimator(forest()))
    assert (load_estimator(path).predict(X) == forest().predict(X)).all()


@pytest.mark.parametrize(("left_child", "feature"), [(99, 0), (0, 0), (1, 9)])
def test_a_file_whose_trees_point_outside_is_refused(
    left_child: int, feature: int, tmp_path: Path
) -> None:
    estimator = decision_tree(max_depth=1).fit(X, Y)
    estimator.tree_.children_left[0] = left_child
    estimator.tree_.feature[0] = feature
    path = tmp_path / "mine.skops"
    path.write_bytes(dump_estimator(estimator))
    with pytest.raises(InputError, match="node 0 of a tree points outside it"):
        load_estimator(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", json.dumps({}).encode()])
def test_a_file_that_is_no_classifier(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.skops"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a classifier that skops wrote"):
        load_estimator(path)
    with pytest.raises(InputError, match=r"not a \.skops file"):
        load_estimator(tmp_path / "mine.pkl")
    with pytest.raises(InputError, match="cannot be read"):
        load_estimator(tmp_path / "none.skops")
