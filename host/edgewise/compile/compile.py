"""Compile a fitted classifier to the files that a node runs; refuse a model that disagrees."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core import walk_plain
from edgewise.compile import forms, parity
from edgewise.compile.estimators import check_estimator, check_rows
from edgewise.compile.exact import exact_forest
from edgewise.compile.parity import Checked
from edgewise.compile.probes import probe_rows
from edgewise.errors import EdgewiseError, InputError
from edgewise.package import emlearn_c
from edgewise.package.forest import Forest, trees_of
from edgewise.package.form import Form
from edgewise.package.store import golden_csv, pack_model

__all__ = ["TABLE_MAX_BYTES", "Compiled", "compile_estimator", "predict"]

# While the node loads a model, two copies of it are in the heap of 160 KB, beside 60 KB of the
# node itself.
TABLE_MAX_BYTES = 40 * 1024
_GOLDEN_ROWS = 64


@dataclass(frozen=True)
class Compiled:
    """``files``: name -> content, for the package; ``facts``: their part of model.json."""

    forest: Forest
    files: dict[str, bytes]
    facts: dict[str, Any]
    checked: Checked

    @property
    def blob(self) -> bytes:
        """model.bin."""
        return self.files["model.bin"]

    def with_contract(self, contract: Mapping[str, Any]) -> Compiled:
        """Return the same trees with another contract."""
        blob = pack_model({**contract, "visits": self.facts["visits"]}, self.forest.table())
        return replace(self, files={**self.files, "model.bin": blob})


def compile_estimator(
    estimator: Any, contract: Mapping[str, Any], rows: NDArray[Any], form: Form = Form.auto
) -> Compiled:
    """Return the files of a package for a fitted classifier.

    ``contract``: the keys of `edgenode.core.loader.CONTRACT` without visits, and ``heads`` where
    the model has some; ``rows``: whole numbers[n, features], n > 0. Raises InputError for a model
    that a node cannot run, EdgewiseError where any implementation differs from scikit-learn on a
    row, a threshold or a neighbour of a threshold.
    """
    check_estimator(estimator)
    features, classes = list(contract["features"]), list(contract["classes"])
    data = _distinct_rows(rows, features)
    probes = probe_rows(estimator, data)
    vectors = np.unique(np.concatenate([data, probes]), axis=0)
    expected = np.searchsorted(estimator.classes_, predict(estimator, vectors))
    forest, table = _integer_forest(estimator, vectors, expected, features)
    visits = _mean_visits(forest, data)
    blob = pack_model({**contract, "visits": visits}, table)
    header = emlearn_c.corrected_source(forest, len(features))
    inline = forms.build_inline(forest)
    code, names = inline.source if inline else None, (features, classes)
    runtimes = parity.check(forest, blob, code, header, vectors, expected, names)
    golden = _golden(features, classes, vectors, expected)
    files = {"model.bin": blob, "model.h": header.encode(), "golden.csv": golden}
    files |= inline.files if inline else {}
    checked = Checked(len(data), len(probes) // 3, list(runtimes))
    chosen = forms.choose(form, inline)
    facts = {
        "visits": visits,
        **_describe_trees(estimator, forest),
        "form": str(chosen),
        "bytes": len(blob),
        "table_bytes": 2 * len(table),
        "inline_bytes": inline.bytes if inline else None,
        "checked": asdict(checked),
        "measured": _pick_runtime(runtimes, f"viper-{chosen}"),
    }
    return Compiled(forest, files, facts, checked)


def _distinct_rows(rows: NDArray[Any], features: list[str]) -> NDArray[np.int16]:
    data = np.unique(check_rows(rows, features), axis=0)
    if not len(data):
        raise InputError("no rows to compare with scikit-learn: give a log with valid readings")
    return data


def _describe_trees(estimator: Any, forest: Forest) -> dict[str, int]:
    return {
        "trees": len(forest.roots),
        "nodes": int(sum(t.node_count for t in trees_of(estimator))),
        "leaf_bits": forest.bits,
    }


def _golden(
    features: list[str], classes: list[str], vectors: NDArray[Any], expected: NDArray[Any]
) -> bytes:
    rows = np.linspace(0, len(vectors) - 1, min(_GOLDEN_ROWS, len(vectors))).astype(int)
    return golden_csv(features, vectors[rows], [classes[c] for c in expected[rows]])


def _pick_runtime(runtimes: Mapping[str, float | None], wanted: str) -> dict[str, Any]:
    times_us = {name: us for name, us in runtimes.items() if us is not None}
    # A computer without native code for MicroPython runs neither form.
    runtime = wanted if wanted in times_us else next(iter(times_us))
    return {"runtime": runtime, "us": times_us[runtime]}


def _integer_forest(
    estimator: Any, vectors: NDArray[Any], expected: NDArray[Any], features: list[str]
) -> tuple[Forest, array[int]]:
    forest, wrong = exact_forest(estimator, vectors, expected)
    if wrong >= 0:
        vector = dict(zip(features, vectors[wrong].tolist(), strict=True))
        raise EdgewiseError(
            "scikit-learn decides by the rounding of equal votes, which no integer model does "
            f"alike, first at {vector}: nothing was written; train with another --seed"
        )
    table = forest.table()
    if 2 * len(table) > TABLE_MAX_BYTES:
        raise InputError(
            f"the model takes {2 * len(table)} bytes, a board has room for {TABLE_MAX_BYTES}: "
            "lower --max-nodes, or train with fewer trees"
        )
    return forest, table


def predict(estimator: Any, x: NDArray[np.int16]) -> NDArray[Any]:
    """Return the classes that a classifier gives to ``x``, int16[rows, features]."""
    with warnings.catch_warnings():  # a classifier fitted on a DataFrame warns about arrays
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        return np.asarray(estimator.predict(x))


def _mean_visits(forest: Forest, x: NDArray[np.int16]) -> float:
    sample = x[:: max(1, len(x) // 500)].tolist()
    table = forest.table()
    return round(float(np.mean([walk_plain.visits(table, row) for row in sample])), 2)
