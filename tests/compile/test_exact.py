"""Made-up problems: every implementation says what scikit-learn says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.compile.estimators import decision_tree, extra_trees, random_forest
from tests.counts import count

from edgewise.compile import compile_estimator
from edgewise.compile.exact import exact_forest
from edgewise.compile.probes import probe_rows
from edgewise.errors import EdgewiseError
from edgewise.package.forest import flatten, leaves_of, merge_leaves, trees_of, votes_of
from edgewise.toolchain import cc

NAMES = [
    f"{c}_{kind}_{n}" for c in "thda" for kind in ("mean", "std", "slope") for n in range(2, 13)
]
KINDS = (decision_tree, random_forest, extra_trees)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, np.ndarray]:
    """A fitted classifier and its rows: few values, so that thresholds and votes meet often."""
    seed = draw(st.integers(0, 2**32 - 1))
    r = np.random.default_rng(seed)
    classes = draw(st.sampled_from([2, 2, 3, 5, 16]))
    rows = draw(st.integers(2 * classes, 300))
    features = draw(st.sampled_from([1, 2, 5, 30, 127]))
    spread = draw(st.sampled_from([1, 3, 40, 5000, 32766]))
    x = r.integers(-spread, spread + 1, (rows, features)).astype(np.int16)
    y = np.concatenate([np.arange(classes), r.integers(0, classes, rows - classes)])
    kind = draw(st.sampled_from(KINDS))
    options: dict[str, Any] = {
        "max_depth": draw(st.integers(1, 8)),
        "min_samples_leaf": draw(st.integers(1, 5)),
        "class_weight": draw(st.sampled_from([None, "balanced"])),
        "random_state": seed,
    }
    if kind is not decision_tree:
        options["trees"] = draw(st.sampled_from([1, 2, 7, 10, 16]))
    estimator = kind(**options).fit(x, y)
    assume(any(tree.node_count > 1 for tree in trees_of(estimator)))  # else it is refused
    return estimator, x


def contract(estimator: Any) -> dict[str, Any]:
    return {
        "name": "made-up",
        "classes": [f"class {c}" for c in estimator.classes_],
        "features": NAMES[: estimator.n_features_in_],
        "filters": [],
        "period_ms": 60000,
        "max_delta": [0, 0],
        "s_feature": 0.5,
        "accuracy": 0.5,
    }


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(
    max_examples=count(5, 200),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(problems())
def test_all_say_what_scikit_learn_says(problem: tuple[Any, np.ndarray]) -> None:
    estimator, x = problem
    try:
        result = compile_estimator(estimator, contract(estimator), x)
    except EdgewiseError as e:
        assert "by the rounding of equal votes" in str(e)
        rows = np.unique(np.concatenate([x, probe_rows(estimator, x)]), axis=0)
        shares = np.sort(estimator.predict_proba(rows), axis=1)
        assert (shares[:, -1] - shares[:, -2]).min() < 1e-12
        return
    runtimes = {"python-table", "viper-table", "viper-inline"} | (
        {"emlearn-c"} if cc.command() else set()
    )
    assert set(result.checked.runtimes) == runtimes
    assert result.checked.rows == len(np.unique(x, axis=0))


def test_votes_that_only_rounding_decides_are_followed() -> None:
    # Thirds and quarters whose exact sums are equal differ in scikit-learn's last bit.
    tie_count = 0
    for seed in range(60):
        r = np.random.default_rng(seed)
        x = r.integers(0, 4, (80, 3)).astype(np.int16)
        y = r.integers(0, 4, 80)
        estimator = extra_trees(3, max_depth=3, random_state=seed).fit(x, y)
        rows = np.unique(np.concatenate([x, probe_rows(estimator, x)]), axis=0)
        expected = estimator.predict(rows)
        plain = flatten(estimator, 16)
        ties = votes_of(plain, leaves_of(plain, rows)).argmax(axis=1) != expected
        forest, wrong_row = exact_forest(estimator, rows, expected)
        assert wrong_row == -1
        assert (votes_of(forest, leaves_of(forest, rows)).argmax(axis=1) == expected).all()
        assert (forest.leaves.sum(axis=1) == 2**forest.bits - 1).all()
        tie_count += bool(ties.any())
    assert tie_count > 0


def test_probes_stand_at_every_threshold_even_where_no_row_comes() -> None:
    r = np.random.default_rng(2)
    x = r.integers(-50, 50, (200, 3)).astype(np.int16)
    estimator = decision_tree(random_state=0).fit(x, r.integers(0, 2, 200))
    probes = probe_rows(estimator, x[:1])
    tree = estimator.tree_
    inner_nodes = np.flatnonzero(tree.children_left >= 0)
    assert len(probes) == 3 * len(inner_nodes)
    path = tree.decision_path(probes.astype(np.float32))
    for node in inner_nodes:
        values = probes[path[:, node].nonzero()[0], tree.feature[node]]
        low = int(np.floor(tree.threshold[node]))
        assert {low, low + 1} <= set(values.tolist())


def test_equal_leaves_are_stored_once_and_votes_stay() -> None:
    r = np.random.default_rng(3)
    x = r.integers(0, 20, (300, 4)).astype(np.int16)
    estimator = random_forest(5, max_depth=4, random_state=0).fit(x, r.integers(0, 2, 300))
    forest = flatten(estimator)
    merged_forest = merge_leaves(forest)
    assert len(merged_forest.leaves) < len(forest.leaves)
    before, after = (votes_of(f, leaves_of(f, x)) for f in (forest, merged_forest))
    assert (before == after).all()
