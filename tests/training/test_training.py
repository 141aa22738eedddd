"""The search: what it holds out, what it takes, what it may cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.counts import count

from edgewise.compile import compile_estimator
from edgewise.errors import InputError
from edgewise.features.splitting import Split, split_log
from edgewise.features.table import build_table
from edgewise.logs.log import Log, read_log
from edgewise.package.forest import flatten, flatten_trees, trees_of
from edgewise.training import Budget, Options, Trained, train
from edgewise.training.budget import US_PER_VISIT
from edgewise.training.cutting import cut, predict
from edgewise.training.pool import LEVELS, POOL, WINDOWS
from edgewise.training.quality import choose, distances, pareto_front, quality
from edgewise.training.result import Recipe
from edgewise.training.rows import classes_of, parts_of, rows_of

pytestmark = pytest.mark.long


def make_log(path: Path, nodes: int = 1, rows: int = 700, warmer: float = 0.0) -> Log:
    """A window that opens and closes; each node is ``warmer`` and drier than the one before."""
    r = np.random.default_rng(5)
    lines = ["time,node,temperature,humidity,status"]
    for i in range(rows):
        for node in range(nodes):
            is_open = (i // 40 + node) % 2
            t_c = 21 + warmer * node - 3 * is_open + r.normal(0, 0.7)
            h_pct = 45 - 3 * warmer * node + r.normal(0, 2) + 5 * is_open
            state = "open" if is_open else "closed"
            lines.append(f"{1_700_000_000 + 60 * i},n{node},{t_c:.1f},{h_pct:.1f},{state}")
    path.write_text("\n".join(lines) + "\n")
    return read_log(path)


def contract_of(model: Trained) -> dict[str, Any]:
    return {
        "name": "window",
        "classes": model.classes,
        "features": model.features,
        "filters": model.filters,
        "period_ms": model.period_ms,
        "max_delta": list(model.max_delta),
        "s_feature": model.s_feature,
        "accuracy": model.scores.accuracy,
    }


def train_window(path: Path, **options: object) -> Trained:
    make_log(path)
    return train(*split_log(path), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["ExtraTrees", "RandomForest", "DecisionTree"])
@pytest.mark.parametrize("leaves", [2, 7, 12, 25])
def test_a_cut_forest_is_the_one_that_was_grown_smaller(kind: str, leaves: int) -> None:
    r = np.random.default_rng(3)
    x = r.normal(0, 100, (900, 12)).astype(np.int16).astype(np.float32)
    y = np.digitize(x[:, 0] + x[:, 1] - r.normal(0, 60, 900), (-80, 60))
    recipe = Recipe(kind, 5, 25, 6, 9, 0.5, "gini")
    estimator = replace(recipe, max_leaf_nodes=leaves).estimator(y, 1).fit(x, y)
    trees = cut(recipe.estimator(y, 1).fit(x, y), leaves)
    assert flatten_trees(trees).table() == flatten(estimator).table()
    assert (predict(trees, estimator.classes_, x) == estimator.predict(x)).all()
    paths = sum(tree.decision_path(x).sum() for tree in trees_of(estimator))
    assert sum(tree.depth[tree.apply(x)].sum() for tree in trees) == paths


BUDGETS = (
    Budget(60, max_us=13.0),
    Budget(max_bytes=220),
    Budget(30, max_bytes=100),
    Budget(3),
    Budget(max_us=1),
)
SMALL_BUDGET = Budget(30)  # one tree: a search of a second


@pytest.fixture(scope="module")
def window_model(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    path = tmp_path_factory.mktemp("log") / "window.csv"
    return train_window(path, budget=count(SMALL_BUDGET, Budget()))


def test_it_learns(window_model: Trained) -> None:
    assert window_model.scores.accuracy > 0.85
    assert window_model.training.x.shape == (
        len(window_model.training),
        len(window_model.features),
    )
    assert set(window_model.features) <= set(POOL)


def test_the_chosen_one_is_the_smallest_within_its_error(window_model: Trained) -> None:
    (choice,) = [c for c in window_model.candidates if c.chosen]
    assert choice.nodes <= 500
    peers = [c for c in window_model.candidates if c.levels is choice.levels]
    peers = [c for c in peers if c.filtered is choice.filtered]
    best = max(peers, key=lambda c: c.quality)
    assert choice.bytes <= best.bytes
    assert choice.quality <= best.quality


def test_the_same_seed_gives_the_same_model_whatever_the_jobs(
    window_model: Trained, tmp_path: Path
) -> None:
    budget = count(SMALL_BUDGET, Budget())
    second_model = train_window(tmp_path / "window.csv", jobs=1, budget=budget)
    assert second_model.candidates == window_model.candidates
    blobs = []
    for model in (window_model, second_model):
        blobs.append(
            compile_estimator(model.estimator, contract_of(model), model.training.x).files[
                "model.bin"
            ]
        )
    assert blobs[0] == blobs[1]


@pytest.mark.parametrize("budget", count(BUDGETS[2::2], BUDGETS))
def test_no_model_outgrows_its_budget(budget: Budget, tmp_path: Path) -> None:
    model = train_window(tmp_path / "window.csv", budget=budget)
    facts = compile_estimator(model.estimator, contract_of(model), model.training.x).facts
    assert facts["nodes"] <= budget.max_nodes
    assert budget.max_bytes is None or facts["table_bytes"] <= budget.max_bytes
    assert budget.max_us is None or facts["visits"] * US_PER_VISIT <= budget.max_us


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(2), "--max-nodes 2: a tree needs at least 3: raise it"),
        (Budget(max_bytes=10), "--max-bytes 10: one split of 2 classes takes 24: raise it"),
        (Budget(max_us=0.4), r"--max-us 0\.4: one split takes 1 us: raise it"),
        (Budget(max_us=float("nan")), "--max-us nan: give microseconds, or leave it out"),
        (Budget(max_us=float("inf")), "--max-us inf: give microseconds, or leave it out"),
    ],
)
def test_a_budget_for_nothing(budget: Budget, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        train_window(tmp_path / "window.csv", budget=budget)


def test_levels_stay_in_one_room_and_go_where_rooms_differ(
    tmp_path: Path, window_model: Trained
) -> None:
    assert window_model.levels.used
    assert "a known room" in window_model.levels.why
    rooms = make_log(tmp_path / "rooms.csv", nodes=4, rows=200, warmer=3.5)
    model = train(rooms, rooms, SMALL_BUDGET)
    assert not model.levels.used
    assert not LEVELS & set(model.features)
    assert "nodes that were not trained on" in model.levels.why
    assert model.levels.quality_off is not None
    assert model.levels.quality_on is not None
    assert model.levels.quality_off > model.levels.quality_on


@pytest.mark.parametrize("levels", count(["off"], ["on", "off"]))
def test_levels_as_asked(levels: str, tmp_path: Path) -> None:
    model = train_window(
        tmp_path / "window.csv", options=Options(levels=levels), budget=SMALL_BUDGET
    )
    assert model.levels.used is (levels == "on")
    assert {c.levels for c in model.candidates} == {levels == "on"}
    assert (model.levels.quality_on is None) is (levels == "off")


def test_held_out_time_keeps_its_distance(tmp_path: Path) -> None:
    log = make_log(tmp_path / "window.csv")
    rows = rows_of(log, build_table(log, POOL, [], log.period_ms), classes_of(log, log))
    parts = parts_of(rows)
    assert len(parts.folds) == 5
    for train_mask, test_rows in parts.folds:
        train_rows = np.flatnonzero(train_mask)
        assert np.abs(train_rows[:, None] - test_rows[None]).min() > min(
            max(WINDOWS), len(rows.y) // 20
        )
    assert sorted(np.concatenate([test_rows for _, test_rows in parts.folds])) == list(
        range(len(rows.y))
    )


def test_whole_nodes_are_held_out(tmp_path: Path) -> None:
    log = make_log(tmp_path / "rooms.csv", nodes=3, rows=100)
    rows = rows_of(log, build_table(log, POOL, [], log.period_ms), classes_of(log, log))
    for train_mask, test_rows in parts_of(rows).folds:
        assert not set(rows.node[train_mask]) & set(rows.node[test_rows])


def test_quality_counts_misses_and_false_alarms() -> None:
    assert quality(np.array([[5, 0], [0, 5]])) == 1
    # recall 1 and 1/2; F1 10/12 and 4/6... of 5 and 2 true rows
    value = float(quality(np.array([[5, 0], [1, 1]])))
    assert value == pytest.approx((1 + 1 / 2 + 10 / 11 + 2 / 3) / 4)
    assert quality(np.array([[5, 0], [0, 0]])) == 1  # a class that does not occur


def test_a_distance_knows_what_is_hard_for_both() -> None:
    r = np.random.default_rng(0)
    confusions = np.stack([np.diag(r.integers(1, 60, 2)) + 5 for _ in range(20)])
    equal_confusions, reverse_confusions = confusions.copy(), confusions[::-1].copy()
    errors = distances(np.stack([confusions, equal_confusions, reverse_confusions]), 0)
    assert errors[0] == errors[1] == 0
    assert errors[2] > 0.005


def test_the_front_and_the_choice() -> None:
    qualities = np.array([0.9, 0.9, 0.8, 0.7, 0.85])
    sizes = np.array([300, 200, 100, 150, 200])
    assert pareto_front(qualities, sizes).tolist() == [False, True, True, False, False]
    twice = pareto_front(np.append(qualities, 0.9), np.append(sizes, 200))
    assert twice.tolist() == [False, True, True, False, False, False]
    assert choose(qualities, np.zeros(5), sizes) == 1
    assert choose(qualities, np.array([0, 0, 0.19, 0.5, 0.06]), sizes) == 3
    assert choose(qualities, np.array([0, 0, 0.21, 0, 0.06]), sizes) == 2


def test_a_label_that_no_message_can_carry(tmp_path: Path) -> None:
    path = tmp_path / "window.csv"
    make_log(path)
    path.write_text(path.read_text().replace("closed", "c" * 65))
    with pytest.raises(InputError, match=r"text of 1\.\.64 characters: rename the class"):
        train(*split_log(path))


def test_nodes_that_know_one_class_each(tmp_path: Path) -> None:
    log = make_log(tmp_path / "rooms.csv", nodes=2, rows=200)
    mask = (log.label == "closed") == (log.node == "n0")
    with pytest.raises(InputError, match="record each class more than once, or on more nodes"):
        train(log.select(mask), log)


def test_whole_nodes_can_be_named_for_training(tmp_path: Path) -> None:
    path = tmp_path / "rooms.csv"
    make_log(path, nodes=4, rows=50)
    train_log, test_log = split_log(path, Split(split_col="node", train_value="n0,n2"))
    assert (set(train_log.node), set(test_log.node)) == ({"n0", "n2"}, {"n1", "n3"})
    with pytest.raises(InputError, match="no row with node = n7: known are n0, n1, n2, n3"):
        split_log(path, Split(split_col="node", train_value="n0,n7"))


def test_the_front_is_of_what_could_have_been_chosen(window_model: Trained) -> None:
    (choice,) = [c for c in window_model.candidates if c.chosen]
    assert choice.on_front
    front_options = [(c.levels, c.filtered) for c in window_model.candidates if c.on_front]
    assert set(front_options) == {(choice.levels, choice.filtered)}
    best = max((c for c in window_model.candidates if c.on_front), key=lambda c: c.quality)
    assert choice.quality >= best.quality - choice.se
    assert best.se == 0
