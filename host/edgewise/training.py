"""From a labelled log to a scikit-learn forest, chosen on training rows only."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.logcsv import Log
from edgewise.table import Filters, Table, build_table

__all__ = ["FEATURES", "FILTERS", "WINDOWS", "Recipe", "Scores", "Trained", "score", "train"]

WINDOWS = (5, 15, 30, 60)  # readings
FEATURES = [
    f"{c}_{kind}"
    for c in "th"
    for kind in (
        "level",
        *(f"ema_{k}" for k in (3, 5, 7)),
        *(f"{kind}_{w}" for w in WINDOWS for kind in ("mean", "dev", "slope", "range")),
    )
]
FILTERS: Filters = [{"median": {"window_size": 3}}]
_FOLDS = 5
_ROWS_MIN = 50


@dataclass(frozen=True)
class Recipe:
    """One point of the search."""

    kind: str
    trees: int
    min_samples_leaf: int
    max_features: float | str
    class_weight: str | None

    def estimator(self, max_nodes: int, seed: int) -> Any:
        """An unfitted classifier of at most ``max_nodes`` nodes, leaves included."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        cls = {"ExtraTrees": ExtraTreesClassifier, "RandomForest": RandomForestClassifier}
        return cls[self.kind](
            n_estimators=self.trees,
            max_leaf_nodes=max(2, (max_nodes // self.trees + 1) // 2),
            min_samples_leaf=self.min_samples_leaf,
            max_features=self.max_features,
            class_weight=self.class_weight,
            random_state=seed,
        )


@dataclass(frozen=True)
class Scores:
    """Fractions 0..1."""

    rows: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Trained:
    """A fitted classifier with what is needed to package it.

    ``estimator`` was narrowed to the columns ``features``; ``x_train``, ``x_test``: int16[rows,
    features]; ``s_feature`` as in the figures of the design.
    """

    estimator: Any
    recipe: Recipe
    classes: list[str]
    features: list[str]
    filters: Filters
    period_ms: int
    x_train: NDArray[np.int16]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.int16]
    y_test: NDArray[np.int64]
    cv_balanced_accuracy: float
    scores: Scores
    s_feature: float
    relevance: dict[str, tuple[float, float]]


def score(y: NDArray[Any], said: NDArray[Any]) -> Scores:
    """Accuracy, balanced accuracy and macro-F1 of what was said against the labels."""
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

    if len(y) == 0:
        return Scores(0, 0.0, 0.0, 0.0)
    return Scores(
        len(y),
        float(accuracy_score(y, said)),
        float(balanced_accuracy_score(y, said)),
        float(f1_score(y, said, average="macro", zero_division=0)),
    )


def train(
    fit: Log,
    test: Log,
    max_nodes: int = 500,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Trained:
    """Choose and fit a forest on ``fit``, score it on ``test``.

    The hyper-parameters are chosen by balanced accuracy over time blocks (one node) or whole nodes
    of ``fit``. Raises InputError where the labels cannot teach anything.
    """
    if max_nodes < 3:
        raise InputError(f"--max-nodes {max_nodes}: a tree needs at least 3")
    classes = _classes(fit, test)
    index = {name: i for i, name in enumerate(classes)}
    x, y, group = _rows(fit, build_table(fit, FEATURES, FILTERS, fit.period_ms), index)
    x_test, y_test, _ = _rows(test, build_table(test, FEATURES, FILTERS, fit.period_ms), index)
    if len(y) < _ROWS_MIN:
        raise InputError(
            f"{fit.path}: {len(y)} labelled readings to train on, {_ROWS_MIN} are needed: "
            "record longer or label more"
        )
    folds = list(_folds(y, group))
    recipe, cv = _search(x, y, folds, max_nodes, seed, progress)
    whole = recipe.estimator(max_nodes, seed).fit(x, y)
    used = np.flatnonzero(whole.feature_importances_ > 0)
    if not len(used):
        raise InputError(f"{fit.path}: no feature tells the classes apart: check the labels")
    estimator = _narrow(whole, used)
    gain = _information_gain(x[:, used], y)
    use = whole.feature_importances_[used]
    features = [FEATURES[i] for i in used]
    return Trained(
        estimator,
        recipe,
        classes,
        features,
        FILTERS,
        fit.period_ms,
        x[:, used],
        y,
        x_test[:, used],
        y_test,
        cv,
        score(y_test, _predict(estimator, x_test[:, used])),
        float((use * gain).sum() / use.sum()),
        {n: (float(g), float(w)) for n, g, w in zip(features, gain, use, strict=True)},
    )


def _narrow(estimator: Any, used: NDArray[np.int64]) -> Any:
    # The same trees on the columns that they use: the node computes nothing in vain.
    narrow = copy.deepcopy(estimator)
    place = np.zeros(estimator.n_features_in_, dtype=np.int64)
    place[used] = np.arange(len(used))
    for part in (narrow, *narrow.estimators_):
        part.n_features_in_ = len(used)
    for tree in (e.tree_ for e in narrow.estimators_):
        inner = tree.children_left >= 0
        tree.feature[inner] = place[tree.feature[inner]]
    return narrow


def _predict(estimator: Any, x: NDArray[np.int16]) -> NDArray[np.int64]:
    return np.asarray(estimator.predict(x)) if len(x) else np.zeros(0, dtype=np.int64)


def _classes(fit: Log, test: Log) -> list[str]:
    if fit.label is None:
        raise InputError(f"{fit.path}: no label column: name it with --label")
    known = sorted({v for v in fit.label[fit.valid] if v is not None})
    if len(known) < 2:
        said = f"only the class {known[0]!r}" if known else "no label at all"
        raise InputError(
            f"{fit.path}: {said} in the training part: a model needs readings of two classes"
        )
    if len(known) > 16:
        raise InputError(
            f"{fit.path}: {len(known)} classes in column {fit.label_name}, 16 are the most: "
            "is it a class column? name another with --label"
        )
    if test.label is not None:
        new = sorted({v for v in test.label[test.valid] if v is not None} - set(known))
        if new:
            raise InputError(
                f"{test.path}: class {new[0]!r} is only in the test part: "
                "move some of its rows to the training part"
            )
    return known


def _rows(
    log: Log, table: Table, index: dict[str, int]
) -> tuple[NDArray[np.int16], NDArray[np.int64], NDArray[Any]]:
    if log.label is None:
        return table.x[:0], np.zeros(0, dtype=np.int64), log.node[:0]
    keep = table.valid & np.array([v is not None for v in log.label], dtype=bool)
    y = np.array([index[v] for v in log.label[keep]], dtype=np.int64)
    return table.x[keep], y, log.node[keep]


def _folds(
    y: NDArray[np.int64], group: NDArray[Any]
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    # Whole nodes where there are several; otherwise blocks of time, with a margin of the longest
    # window on both sides so that no window is seen by both.
    nodes = np.unique(group)
    if len(nodes) >= 2:
        parts = [np.flatnonzero(np.isin(group, nodes[i::_FOLDS])) for i in range(_FOLDS)]
        margin = 0
    else:
        parts = np.array_split(np.arange(len(y)), _FOLDS)
        margin = min(max(WINDOWS), len(y) // (4 * _FOLDS))
    for part in parts:
        if not len(part):
            continue
        fit = np.ones(len(y), dtype=bool)
        fit[part] = False
        if margin:
            fit[max(0, part[0] - margin) : part[-1] + 1 + margin] = False
        if len(np.unique(y[fit])) >= 2:
            yield fit, part


def _grid() -> list[Recipe]:
    shares: tuple[float | str, ...] = ("sqrt", 0.5)
    weights = (None, "balanced")
    axes = product(("ExtraTrees", "RandomForest"), (10, 16), (20, 80), shares, weights)
    return [Recipe(kind, trees, leaf, share, weight) for kind, trees, leaf, share, weight in axes]


def _search(
    x: NDArray[np.int16],
    y: NDArray[np.int64],
    folds: list[tuple[NDArray[np.bool_], NDArray[np.int64]]],
    max_nodes: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> tuple[Recipe, float]:
    from joblib import Parallel, delayed

    recipes = _grid()
    leaf_max = max(1, len(y) // 20)
    recipes = [r for r in recipes if r.min_samples_leaf <= leaf_max] or [
        Recipe("ExtraTrees", 10, 1, 0.5, None)
    ]
    if not folds:
        return recipes[0], float("nan")
    jobs = (delayed(_cross_validate)(r, x, y, folds, max_nodes, seed) for r in recipes)
    results = []
    for result in Parallel(n_jobs=-1, prefer="threads", return_as="generator")(jobs):
        results.append(result)
        progress(len(results), len(recipes))
    best = int(np.argmax(results))
    return recipes[best], results[best]


def _cross_validate(
    recipe: Recipe,
    x: NDArray[np.int16],
    y: NDArray[np.int64],
    folds: list[tuple[NDArray[np.bool_], NDArray[np.int64]]],
    max_nodes: int,
    seed: int,
) -> float:
    said = np.full(len(y), -1)
    for fit, part in folds:
        said[part] = recipe.estimator(max_nodes, seed).fit(x[fit], y[fit]).predict(x[part])
    seen = said >= 0
    return score(y[seen], said[seen]).balanced_accuracy


def _information_gain(x: NDArray[np.int16], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Bits that each feature, cut into 16 equal parts, tells about the class."""
    from sklearn.metrics import mutual_info_score

    cuts = np.linspace(0, 1, 17)[1:-1]
    gains = [
        mutual_info_score(y, np.searchsorted(np.quantile(c, cuts), c, side="right")) / np.log(2)
        for c in x.T
    ]
    return np.array(gains)
