"""Which of many trees are kept: those that together say most nearly what all say."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from edgewise.package.forest import trees_of
from edgewise.training.result import Recipe
from edgewise.training.selecting import GROWN, grow, select


class Constant:
    """A tree that says the same shares of the classes of every row."""

    def __init__(self, *shares: float) -> None:
        self.value = np.array([[shares]])

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), dtype=np.int64)


def make_rows(n: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    r = np.random.default_rng(4)
    x = r.normal(0, 900, (n, 9)).astype(np.int16)
    return x, (x[:, 0] + x[:, 1] + r.normal(0, 900, n) > 0).astype(int)


def test_the_two_whose_mean_is_that_of_all() -> None:
    trees = [Constant(p, 1 - p) for p in (0.1, 0.2, 0.55, 0.9, 0.85, 0.4)]  # mean 0.5
    assert select(trees, np.zeros((3, 1), np.float32), 2) in ([0, 3], [2, 5])
    assert select(trees, np.zeros((3, 1), np.float32), 6) == list(range(6))


def test_no_exchange_of_two_trees_would_be_nearer() -> None:
    x, y = make_rows()
    recipe = Recipe("ExtraTrees", 12, 8, None, 20, 0.5, "gini")
    grown = recipe.estimator(y, 0).fit(x, y)
    trees = trees_of(grown)
    chosen = select(trees, x.astype(np.float32), 4)
    votes = np.stack([t.value[t.apply(x.astype(np.float32)), 0] for t in trees])

    def distance(some: list[int]) -> float:
        return float(((votes[some].mean(axis=0) - votes.mean(axis=0)) ** 2).sum())

    found = distance(chosen)
    for old, new in combinations(range(12), 2):
        for out, into in ((old, new), (new, old)):
            if out in chosen and into not in chosen:
                assert distance([into if i == out else i for i in chosen]) >= found - 1e-6
    assert found < np.median([distance(list(c)) for c in combinations(range(12), 4)])


@pytest.mark.parametrize("kind", ["ExtraTrees", "RandomForest"])
def test_a_grown_forest_is_nearer_to_a_large_one_than_one_of_its_size(kind: str) -> None:
    x, y = make_rows()
    recipe = Recipe(kind, 10, 8, None, 20, 0.5, "gini", "sqrt")
    estimator = grow(recipe, x, y, 0)
    assert (len(estimator.estimators_), estimator.n_estimators) == (10, 10)
    large = recipe.estimator(y, 0).set_params(n_estimators=GROWN).fit(x, y).predict_proba(x)
    usual = recipe.estimator(y, 0).fit(x, y).predict_proba(x)
    assert ((estimator.predict_proba(x) - large) ** 2).sum() < 0.7 * ((usual - large) ** 2).sum()
    again = grow(recipe, x, y, 0)
    assert (again.predict_proba(x) == estimator.predict_proba(x)).all()


def test_a_single_tree_is_as_scikit_learn_fits_it() -> None:
    x, y = make_rows(300)
    recipe = Recipe("DecisionTree", 1, 8, None, 20, None, "gini")
    usual = recipe.estimator(y, 0).fit(x, y)
    assert (grow(recipe, x, y, 0).predict_proba(x) == usual.predict_proba(x)).all()
