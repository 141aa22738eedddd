"""A fitted classifier becomes a model package; one that disagrees is not written."""

from __future__ import annotations

import copy
import math
from array import array
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core import walk_plain
from edgewise import __version__, package
from edgewise.errors import EdgewiseError
from edgewise.forest import Forest, flatten, probe_rows, trees_of
from edgewise.training import Trained

__all__ = ["compile_model", "disagreement"]

_BITS = (8, 12, 16)
_GOLDEN = 64


def compile_model(trained: Trained, out: Path, data: dict[str, str]) -> dict[str, Any]:
    """Write the package of ``trained`` to ``out`` and return its model.json.

    ``data``: file name -> SHA-256 of what it was trained on. Raises EdgewiseError when the integer
    form and scikit-learn differ on any row or at any threshold or its two neighbours.
    """
    rows = np.concatenate([trained.x_train, trained.x_test])
    probes = probe_rows(trained.estimator, trained.x_train)
    checked = np.unique(np.concatenate([rows, probes]), axis=0)
    expected = np.asarray(trained.estimator.predict(checked))
    forest = _exact(trained, checked, expected)
    table = forest.table()
    contract = {
        "name": out.name,
        "classes": trained.classes,
        "features": trained.features,
        "filters": trained.filters,
        "period_ms": trained.period_ms,
        "visits": _mean_visits(table, trained.x_train),
        "s_feature": round(trained.s_feature, 4),
        "accuracy": round(trained.scores.accuracy, 4),
    }
    golden = checked[np.linspace(0, len(checked) - 1, min(_GOLDEN, len(checked))).astype(int)]
    said = [trained.classes[c] for c in trained.estimator.predict(golden)]
    files = {
        "model.bin": package.pack_model(contract, table),
        "model.h": emlearn_header(trained.estimator, forest).encode(),
        "golden.csv": package.golden_csv(trained.features, golden, said),
    }
    info = {
        **contract,
        "nodes": int(sum(t.node_count for t in trees_of(trained.estimator))),
        "trees": len(forest.roots),
        "leaf_bits": forest.bits,
        "bytes": len(files["model.bin"]),
        "recipe": vars(trained.recipe),
        "metrics": {
            "cv_balanced_accuracy": _finite(trained.cv_balanced_accuracy),
            "test": trained.scores.as_dict(),
        },
        "relevance": {
            n: {"information_gain_bits": round(g, 4), "use": round(w, 4)}
            for n, (g, w) in trained.relevance.items()
        },
        "checked_vectors": len(checked),
        "data_sha256": data,
        "tools": {
            "edgewise": __version__,
            **{n: version(n) for n in ("scikit-learn", "emlearn", "numpy")},
        },
    }
    return package.write(out, info, files)


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _exact(trained: Trained, rows: NDArray[np.int16], expected: NDArray[Any]) -> Forest:
    # As few bits as agree with scikit-learn on every row.
    first = -1
    for bits in _BITS:
        forest = flatten(trained.estimator, bits)
        first = disagreement(forest, rows, expected)
        if first < 0:
            return forest
    vector = dict(zip(trained.features, rows[first].tolist(), strict=True))
    raise EdgewiseError(
        f"the integer model differs from scikit-learn, first at {vector}: nothing was written; "
        "train with another --seed"
    )


def disagreement(forest: Forest, rows: NDArray[np.int16], expected: NDArray[Any]) -> int:
    """Index of the first row (int16[n, features]) whose class differs from ``expected``, or -1.

    Walks all rows at once, node for node as the device does.
    """
    votes = np.zeros((len(rows), forest.leaves.shape[1]), dtype=np.int64)
    n = len(forest.nodes)
    for root in forest.roots:
        at = np.full(len(rows), root)
        while (inner := np.flatnonzero(at < n)).size:
            node = forest.nodes[at[inner]]
            left = rows[inner, node[:, 0]] < node[:, 1]
            at[inner] = np.where(left, node[:, 2], node[:, 3])
        votes += forest.leaves[at - n]
    differs = np.flatnonzero(votes.argmax(axis=1) != expected)
    return int(differs[0]) if len(differs) else -1


def _mean_visits(table: array[int], x: NDArray[np.int16]) -> float:
    sample = x[:: max(1, len(x) // 500)].tolist()
    return round(float(np.mean([walk_plain.visits(table, row) for row in sample])), 2)


def emlearn_header(estimator: Any, forest: Forest) -> str:
    """emlearn's C for this model, with thresholds and leaves that agree with scikit-learn.

    emlearn casts thresholds to int and tests ``x < t`` where scikit-learn tests ``x <= t``: it is
    given floor(t) + 1 instead.
    """
    import emlearn

    exact = copy.deepcopy(estimator)
    for tree in trees_of(exact):
        inner = tree.children_left >= 0
        tree.threshold[inner] = np.floor(tree.threshold[inner]) + 1
    converted = emlearn.convert(exact, method="inline", dtype="int16_t", leaf_bits=8)
    return str(converted.save(name="edgewise", format="c"))
