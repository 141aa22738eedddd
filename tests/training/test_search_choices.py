"""What the search decides beside size: the filter, class weights, number of trees, averages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.compile.estimators import decision_tree
from typer.testing import CliRunner

from edgewise.cli.main import app
from edgewise.compile import compile_model
from edgewise.errors import InputError
from edgewise.features.splitting import split_log
from edgewise.logs.log import read_log
from edgewise.package.store import load_package
from edgewise.training import FILTERS, NO_FILTERS, POOL, Budget, Options, Trained, train
from edgewise.training.decisions import decide_filter, decide_weight
from edgewise.training.pool import LEVELS, MEANS
from edgewise.training.result import Recipe
from edgewise.training.runs import describe_hidden_runs
from edgewise.training.shape import Shape, allowed_columns, list_recipes, list_sizes
from edgewise.training.trial import Trial

SMALL_BUDGET = Budget(30)  # one tree


def write_spikes(path: Path, rows: int = 600) -> Path:
    """A room in which one reading of 15 jumps by 6 C: a median of 3 takes every jump away."""
    r = np.random.default_rng(2)
    lines = ["time,temperature,humidity,status"]
    for i in range(rows):
        is_spike = i % 15 == 7
        t_c = 21 + r.normal(0, 0.1) + 6 * is_spike
        status = "spike" if is_spike else "none"
        lines.append(f"{1_700_000_000 + 60 * i},{t_c:.1f},{45 + r.normal(0, 0.5):.1f},{status}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def spike_model(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    path = write_spikes(tmp_path_factory.mktemp("log") / "spikes.csv")
    return train(*split_log(path), SMALL_BUDGET)


def test_spikes_that_are_a_class_are_not_filtered_away(spike_model: Trained) -> None:
    filtering = spike_model.filtering
    assert spike_model.filters == NO_FILTERS
    assert spike_model.scores.macro_f1 > 0.95
    assert filtering is not None
    assert (filtering.asked, filtering.used) == ("auto", "none")
    assert filtering.quality_none is not None
    assert filtering.quality_median is not None
    assert filtering.quality_none > filtering.quality_median + 0.2
    assert "28 of 28 times spike lasts a single reading, which a median hides" in filtering.why


def test_a_class_that_a_median_hides_needs_no_clear_gain() -> None:
    r = np.random.default_rng(0)
    hits = r.integers(20, 36, 20)
    with_median, raw = (
        replace(
            _trial("sqrt", np.stack([np.diag((n, n)) + 40 - n for n in hits])),
            shape=Shape(list_recipes(Budget(500), 2, 8000)[0], filtered, True),
        )
        for filtered, hits in ((True, hits), (False, r.permutation(hits) + 1))
    )
    assert raw.quality > with_median.quality
    assert decide_filter([with_median, raw], "auto", 0).used == "median"
    assert decide_filter([with_median, raw], "auto", 0, "spikes last a reading").used == "none"


@pytest.mark.parametrize(("readings", "hidden"), [(1, True), (2, False)])
def test_single_readings_of_a_class_are_noticed(
    readings: int, hidden: bool, tmp_path: Path
) -> None:
    log = read_log(write_spikes(tmp_path / "log.csv"), "status")
    assert log.label is not None
    log.label[:] = ["spike" if i % 15 < readings else "none" for i in range(len(log))]
    assert describe_hidden_runs(log) == (
        "39 of 40 times spike lasts a single reading, which a median hides" if hidden else ""
    )


def test_a_reading_beside_a_gap_is_not_hidden(tmp_path: Path) -> None:
    log = read_log(write_spikes(tmp_path / "log.csv"), "status")
    spikes = np.flatnonzero(log.label == "spike")
    cut = log.select(
        np.setdiff1d(np.arange(len(log)), np.concatenate([spikes + i for i in range(1, 6)]))
    )
    assert describe_hidden_runs(cut) == ""


def test_the_filter_as_asked(tmp_path: Path) -> None:
    fit, test = split_log(write_spikes(tmp_path / "spikes.csv"))
    model = train(fit, test, SMALL_BUDGET, Options(levels="off", filters="median"))
    assert model.filters == FILTERS
    assert model.filtering is not None
    assert model.filtering.quality_none is None
    assert model.filtering.why == "--filters median was asked for"
    assert {c.filtered for c in model.candidates} == {True}


def test_the_package_says_what_was_chosen(spike_model: Trained, tmp_path: Path) -> None:
    info = compile_model(spike_model, tmp_path / "m", {})
    assert info["filters"] == []
    assert info["recipe"]["class_weight"] == spike_model.recipe.class_weight
    package = load_package(tmp_path / "m")
    evidence = package.evidence()
    assert evidence is not None
    assert spike_model.filtering is not None
    assert evidence["filtering"] == vars(spike_model.filtering)
    page = (tmp_path / "m" / "report.html").read_text()
    assert f"Filter: none: {spike_model.filtering.why}." in page
    assert f"class_weight {spike_model.recipe.class_weight}" in page
    (taken,) = [c["recipe"] for c in evidence["candidates"] if c["chosen"]]
    assert taken == "DecisionTree, 1 tree"


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_class_weights_are_those_of_scikit_learn(class_weight: str) -> None:
    r = np.random.default_rng(3)
    x = r.normal(0, 100, (300, 4)).astype(np.int16).astype(np.float32)
    y = (x[:, 0] + r.normal(0, 60, 300) > 120).astype(int)
    estimator = Recipe("RandomForest", 3, 8, None, 5, 0.5, "gini", class_weight).estimator(y, 1)
    votes = estimator.fit(x, y).predict_proba(x)
    estimator.set_params(class_weight=None if class_weight == "none" else class_weight)
    assert (estimator.fit(x, y).predict_proba(x) == votes).all()


def test_a_lucky_class_weight_is_not_taken() -> None:
    r = np.random.default_rng(0)
    usual, lucky, better = (
        _trial(weight, np.stack([np.diag((n, n)) + 40 - n for n in hits]))
        for weight, hits in (
            ("sqrt", r.integers(20, 36, 20)),
            ("balanced", r.integers(21, 37, 20)),
            ("none", np.full(20, 39)),
        )
    )
    assert decide_weight([usual, lucky], 0) == "sqrt"
    assert decide_weight([usual, lucky, better], 0) == "none"


def _trial(class_weight: str, confusion: np.ndarray) -> Trial:
    recipe = Recipe("ExtraTrees", 10, 25, None, 20, 0.5, "gini", class_weight)
    shape = Shape(recipe, True, True)
    return Trial(shape, shape, confusion, np.arange(3), 0, 0, 0.0)


def test_few_large_and_many_small_trees_are_cut_from_the_same() -> None:
    recipes = list_recipes(Budget(500), 2, 8000)
    assert {r.kind for r in recipes} == {"ExtraTrees", "RandomForest"}
    for recipe in recipes:
        family = list_sizes(recipe, Budget(500), 2)
        assert {r.trees for r in family} == {10, 20}
        assert all(r.trees * (2 * r.max_leaf_nodes - 1) <= 500 for r in family)
        assert max(r.max_leaf_nodes for r in family) == recipe.max_leaf_nodes
        assert {replace(r, trees=10, max_leaf_nodes=25) for r in family} == {recipe}
    (small, *_) = list_recipes(Budget(300), 2, 8000)
    assert {r.trees for r in list_sizes(small, Budget(300), 2)} == {10}
    quick = Budget(500, max_us=40)  # 20 trees would be less deep, so they are no cut ones
    assert {r.trees for r in list_sizes(list_recipes(quick, 2, 8000)[0], quick, 2)} == {10}


def test_averages_are_levels_and_an_addition() -> None:
    names = [
        {POOL[i] for i in allowed_columns(levels, means)}
        for levels, means in ((True, True), (True, False), (False, False))
    ]
    assert set(MEANS) < LEVELS
    assert names[0] == set(POOL)
    assert names[1] == set(POOL) - set(MEANS)
    assert names[2] == set(POOL) - LEVELS


def test_features_of_raw_readings_become_a_package(tmp_path: Path) -> None:
    from skops.io import dump

    log, model = write_spikes(tmp_path / "spikes.csv", 60), tmp_path / "mine"
    words = ["data", "features", str(log), "--features", "t_level,t_diff", "--out"]
    levels = {}
    for name, says in (
        ("median", "filter: median of 3 readings; it hides spikes: --filters none leaves it out"),
        ("none", "filter: none, the features are of raw readings"),
    ):
        path = tmp_path / f"{name}.csv"
        result = CliRunner().invoke(app, [*words, str(path), "--filters", name])
        assert result.exit_code == 0, result.output
        assert says in result.stderr
        levels[name] = pd.read_csv(path)["t_level"]
    assert levels["median"].max() < 2300 < levels["none"].max()
    table = pd.read_csv(tmp_path / "none.csv")
    own = decision_tree(max_leaf_nodes=3).fit(table[["t_level", "t_diff"]], table["class"])
    dump(own, tmp_path / "own.skops")
    words = ["compile", str(tmp_path / "own.skops"), "--log", str(log), "--out", str(model)]
    assert CliRunner().invoke(app, [*words, "--filters", "none"]).exit_code == 0
    info = json.loads((model / "model.json").read_text())
    assert (info["filters"], info["accuracy"]) == ([], 1)
    failure = CliRunner().invoke(app, ["compile", str(model), "--filters", "none"])
    assert isinstance(failure.exception, InputError)
    assert f"{model} has its own: leave it out" in str(failure.exception)
