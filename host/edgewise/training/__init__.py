"""From a labelled log to a scikit-learn classifier, chosen on training rows only.

May import: errors, features, logs, package.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import PERIOD_MAX_MS
from edgewise.errors import InputError
from edgewise.features.table import max_delta
from edgewise.logs.log import Log
from edgewise.package.forest import trees_of
from edgewise.training.budget import Budget
from edgewise.training.pool import FILTERS, NO_FILTERS, POOL
from edgewise.training.relevance import information_gain, s_feature
from edgewise.training.result import Candidate, Levels, Recipe, Scores, Trained, score
from edgewise.training.rows import Rows, classes_of, parts_of, rows_of
from edgewise.training.search import Found, Search, check_jobs

__all__ = [
    "FILTERS",
    "POOL",
    "Budget",
    "Candidate",
    "Levels",
    "Recipe",
    "Scores",
    "Trained",
    "score",
    "train",
]

_ROWS_MIN = 50
_SEARCH_ROWS = 20_000  # evenly spread; the chosen model is fitted on all rows


def train(
    fit: Log,
    test: Log,
    budget: Budget | None = None,
    levels: str = "auto",
    seed: int = 0,
    jobs: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Trained:
    """Choose and fit a classifier on ``fit``, score it on ``test``.

    Everything is chosen on held-out blocks of time (one node) or whole nodes of ``fit``.
    ``levels``: "auto", "on" or "off". ``jobs``: 0 is all cores; the result does not depend on it.
    Raises InputError where the labels cannot teach anything or nothing fits the budget.
    """
    classes = classes_of(fit, test)
    rows = _labelled_rows(fit, classes)
    fewer = {f: r.select(_spread(len(r.y))) for f, r in rows.items()}
    parts = parts_of(fewer[True])
    if not parts.folds:
        raise InputError(
            f"{fit.path}: no part can be held out and leave two classes to train on: "
            "record each class more than once, or on more nodes"
        )
    search = Search(fewer, parts, len(classes), seed, check_jobs(jobs))
    found = search.find(budget or Budget(), levels, progress)
    tested = rows_of(test, _filters(found.filtered), fit.period_ms, max_delta(fit), classes)
    return _trained(found, fit, classes, rows[found.filtered], tested)


def _labelled_rows(fit: Log, classes: list[str]) -> dict[bool, Rows]:
    # Of the filtered (True) and of the raw readings.
    if fit.period_ms > PERIOD_MAX_MS:
        raise InputError(
            f"{fit.path}: a reading every {fit.period_ms / 1000:g} s, at least one in "
            f"{PERIOD_MAX_MS // 1000} s is needed: record more often"
        )
    delta = max_delta(fit)
    rows = {f: rows_of(fit, _filters(f), fit.period_ms, delta, classes) for f in (True, False)}
    if len(rows[True].y) < _ROWS_MIN:
        raise InputError(
            f"{fit.path}: {len(rows[True].y)} labelled readings to train on, {_ROWS_MIN} are "
            "needed: record longer or label more"
        )
    return rows


def narrow(estimator: Any, used: NDArray[np.int64]) -> Any:
    """The same trees on the columns that they use: the node computes nothing in vain."""
    slim = copy.deepcopy(estimator)
    place = np.zeros(estimator.n_features_in_, dtype=np.int64)
    place[used] = np.arange(len(used))
    for part in (slim, *getattr(slim, "estimators_", ())):
        part.n_features_in_ = len(used)
    for tree in trees_of(slim):
        inner = tree.children_left >= 0
        tree.feature[inner] = place[tree.feature[inner]]
    return slim


def _trained(found: Found, fit: Log, classes: list[str], teach: Rows, tested: Rows) -> Trained:
    estimator, use, columns = _fitted(found, fit, teach)
    x, x_test = teach.x[:, columns], tested.x[:, columns]
    features = [POOL[i] for i in columns]
    gain = information_gain(x, teach.y)
    said = estimator.predict(x_test) if len(x_test) else np.zeros(0, dtype=np.int64)
    confusion = found.confusion.sum(axis=0)
    occurs = confusion.sum(axis=1) > 0
    recall = np.diag(confusion)[occurs] / confusion.sum(axis=1)[occurs]
    return Trained(
        estimator,
        found.recipe,
        classes,
        features,
        _filters(found.filtered),
        fit.period_ms,
        max_delta(fit),
        x,
        teach.y,
        teach.time_s,
        teach.node,
        x_test,
        tested.y,
        tested.time_s,
        tested.node,
        float(recall.mean()),
        score(tested.y, said),
        s_feature(gain, use),
        {n: (float(g), float(w)) for n, g, w in zip(features, gain, use, strict=True)},
        found.candidates,
        found.levels,
        found.validation,
        found.seed,
    )


def _fitted(
    found: Found, fit: Log, teach: Rows
) -> tuple[Any, NDArray[np.float64], NDArray[np.int64]]:
    # The classifier narrowed to the columns that it uses, how much it uses each, the columns.
    x = teach.x[:, found.columns]
    whole = found.recipe.estimator(teach.y, found.seed).fit(x, teach.y)
    used = np.flatnonzero(whole.feature_importances_ > 0)
    if not len(used):
        raise InputError(f"{fit.path}: no feature tells the classes apart: check the labels")
    return narrow(whole, used), whole.feature_importances_[used], found.columns[used]


def _filters(filtered: bool) -> Any:
    return FILTERS if filtered else NO_FILTERS


def _spread(n: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, min(n, _SEARCH_ROWS)).astype(np.int64))
