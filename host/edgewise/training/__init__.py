"""Train a scikit-learn classifier on a labelled log, chosen on training rows only.

May import: errors, features, logs, package.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import PERIOD_MAX_MS
from edgewise.errors import InputError
from edgewise.features.table import Table, build_table, max_delta
from edgewise.logs.log import Log
from edgewise.logs.pieces import pieces_of
from edgewise.package.forest import trees_of
from edgewise.training.budget import Budget
from edgewise.training.heads import choose_heads
from edgewise.training.outlook import with_outlook
from edgewise.training.pool import FILTERS, NO_FILTERS, POOL, filters_of
from edgewise.training.relevance import information_gain, s_feature
from edgewise.training.result import (
    Candidate,
    Filtering,
    HeadChoice,
    Levels,
    Recipe,
    Scores,
    Trained,
    score,
)
from edgewise.training.rows import classes_of, parts_of, rows_of, spread_rows
from edgewise.training.runs import describe_hidden_runs
from edgewise.training.search import Progress, Search, SearchResult, check_jobs
from edgewise.training.selecting import grow
from edgewise.training.sequence import Sequence, sequence_of, sequence_of_table
from edgewise.training.trial import Trials

__all__ = [
    "FILTERS",
    "NO_FILTERS",
    "POOL",
    "Budget",
    "Candidate",
    "Filtering",
    "Levels",
    "Options",
    "Recipe",
    "Scores",
    "Trained",
    "filters_of",
    "score",
    "train",
    "widen",
]

_ROWS_MIN = 50


@dataclass(frozen=True)
class Options:
    """What a model may have, where that makes it better on held-out parts.

    ``levels``: "auto", "on" or "off". ``filters``: "auto", "median" or "none". ``temporal``: a
    memory between readings; ``unsure``: readings without a class; ``outlook``: forecasts.
    """

    levels: str = "auto"
    filters: str = "auto"
    temporal: bool = True
    unsure: bool = True
    outlook: bool = True


def train(
    fit: Log,
    test: Log,
    budget: Budget | None = None,
    options: Options | None = None,
    seed: int = 0,
    jobs: int = 0,
    progress: Progress = lambda count, total: None,
) -> Trained:
    """Return a classifier that is chosen and fitted on ``fit`` and scored on ``test``.

    The choice uses held-out parts of ``fit``: blocks of time (one node) or whole nodes.
    ``jobs``: 0 is all cores; the result does not depend on it. ``progress`` gets the number of
    candidates that are tried, and of all candidates.
    Raises InputError where nothing can be learned from the labels or nothing fits the budget.
    """
    options = options or Options()
    classes = classes_of(fit, test)
    tables = _tables(fit, options.filters)
    search = _prepare_search(fit, tables, classes, budget or Budget(), seed, check_jobs(jobs))
    from sklearn import config_context

    # Its numbers need no check: they are whole, and so are the parameters of its own trees.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        result = search.find(options.levels, options.filters, progress)
        trained = _train_final(result, tables[result.filtered], fit, test, classes, options)
    trained = replace(trained, pieces_train=pieces_of(fit, test), pieces_test=pieces_of(test, fit))
    return with_outlook(trained, fit, test) if options.outlook else trained


def _prepare_search(
    fit: Log,
    tables: dict[bool, Table],
    classes: list[str],
    budget: Budget,
    seed: int,
    jobs: int,
) -> Search:
    rows = {f: rows_of(fit, table, classes) for f, table in tables.items()}
    _check_count(fit, len(next(iter(rows.values())).y))
    search_rows = {f: r.select(spread_rows(len(r.y))) for f, r in rows.items()}
    parts = parts_of(next(iter(search_rows.values())))
    if not parts.folds:
        raise InputError(
            f"{fit.path}: no part can be held out and leave two classes to train on: "
            "record each class more than once, or on more nodes"
        )
    trials = Trials(search_rows, parts, len(classes), budget, seed, jobs)
    return Search(trials, describe_hidden_runs(fit))


def _tables(fit: Log, filters: str) -> dict[bool, Table]:
    # Returns the features of the filtered readings under True, of the raw ones under False, where
    # they are tried.
    if fit.period_ms > PERIOD_MAX_MS:
        raise InputError(
            f"{fit.path}: a reading every {fit.period_ms / 1000:g} s, at least one in "
            f"{PERIOD_MAX_MS // 1000} s is needed: record more often"
        )
    delta = max_delta(fit)
    tried = {"auto": (True, False), "median": (True,), "none": (False,)}[filters]
    return {f: build_table(fit, POOL, filters_of(f), fit.period_ms, delta) for f in tried}


def _check_count(fit: Log, n_rows: int) -> None:
    if n_rows < _ROWS_MIN:
        raise InputError(
            f"{fit.path}: {n_rows} labelled readings to train on, {_ROWS_MIN} are "
            "needed: record longer or label more"
        )


def narrow(estimator: Any, used: NDArray[np.int64]) -> Any:
    """Return the same trees with only the columns ``used``; the node then computes no others."""
    copied = copy.deepcopy(estimator)
    place = np.zeros(estimator.n_features_in_, dtype=np.int64)
    place[used] = np.arange(len(used))
    for part in (copied, *getattr(copied, "estimators_", ())):
        part.n_features_in_ = len(used)
    for tree in trees_of(copied):
        inner = tree.children_left >= 0
        tree.feature[inner] = place[tree.feature[inner]]
    return copied


def widen(estimator: Any, n: int) -> Any:
    """Return the same trees for rows of ``n`` columns, of which they use the first ones."""
    copied = copy.deepcopy(estimator)
    for part in (copied, *getattr(copied, "estimators_", ())):
        part.n_features_in_ = n
    return copied


def _train_final(
    result: SearchResult,
    table: Table,
    fit: Log,
    test: Log,
    classes: list[str],
    options: Options,
) -> Trained:
    heads, rows = _choose_heads(result, table, fit, classes, options)
    estimator, use, used = _fit_recipe(result, fit, rows)
    columns = result.columns[used]
    features, filters = [POOL[i] for i in columns], filters_of(result.filtered)
    train_part = sequence_of_table(fit, table.columns(columns), fit.period_ms, classes)
    test_part = sequence_of(test, features, filters, fit.period_ms, max_delta(fit), classes)
    gain = information_gain(train_part.labelled.x, train_part.labelled.y)
    return Trained(
        estimator,
        result.recipe,
        classes,
        features,
        filters,
        fit.period_ms,
        max_delta(fit),
        train_part,
        test_part,
        result.balanced_accuracy,
        _score_rows(estimator, test_part.labelled, classes),
        s_feature(gain, use),
        {n: (float(g), float(w)) for n, g, w in zip(features, gain, use, strict=True)},
        result.candidates,
        result.levels,
        result.validation,
        result.seed,
        heads=heads,
        filtering=result.filtering,
    )


def _choose_heads(
    result: SearchResult, table: Table, fit: Log, classes: list[str], options: Options
) -> tuple[HeadChoice, Sequence]:
    # Returns the heads and the labelled rows to fit on; those after a start may be left out.
    whole = sequence_of_table(fit, table.columns(result.columns), fit.period_ms, classes)
    heads = choose_heads(
        whole,
        lambda x, y: grow(result.recipe, x, y, result.seed, result.jobs),
        len(classes),
        fit.period_ms,
        options.temporal,
        options.unsure,
        result.seed,
    )
    return heads, _without_cold(whole, heads.cold, len(classes))


def _score_rows(estimator: Any, rows: Sequence, classes: list[str]) -> Scores:
    predicted = estimator.predict(rows.x) if len(rows) else np.zeros(0, dtype=np.int64)
    return score(rows.y, predicted, classes)


def _without_cold(whole: Sequence, cold: int, n_classes: int) -> Sequence:
    # Returns the labelled rows to fit on; they need all classes.
    rows = whole.labelled
    warm = rows.select(rows.age > cold)
    return warm if len(np.unique(warm.y)) == n_classes else rows


def _fit_recipe(
    result: SearchResult, fit: Log, rows: Sequence
) -> tuple[Any, NDArray[np.float64], NDArray[np.int64]]:
    # Returns the classifier with only the columns that it uses, its use of each, and which of the
    # result's columns they are.
    full = grow(result.recipe, rows.x, rows.y, result.seed, result.jobs)
    used = np.flatnonzero(full.feature_importances_ > 0)
    if not len(used):
        raise InputError(f"{fit.path}: no feature tells the classes apart: check the labels")
    return narrow(full, used), full.feature_importances_[used], used
