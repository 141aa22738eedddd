"""The subject of the bench: one model, with the same rows and frames for all."""

from __future__ import annotations

import csv
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core import loader
from edgewise.bench import heads
from edgewise.compile.compile import compile_estimator
from edgewise.compile.forms import build_inline
from edgewise.compile.skops_file import ESTIMATOR, load_estimator
from edgewise.features.table import Filters, build_table, max_delta
from edgewise.logs import synthetic
from edgewise.logs.log import Log, read_log
from edgewise.package.store import Package
from edgewise.simulator.feed import encode

__all__ = ["FEATURES", "FILTERS", "Subject", "generated_log", "reference", "subject_of"]

# A fixed list, not that of the training, so that figures of different versions are comparable.
FEATURES = [
    f"{channel}_{kind}"
    for channel in "th"
    for kind in (
        "level",
        *(f"ema_{k}" for k in (3, 5, 7)),
        *(f"{kind}_{n}" for n in (5, 15, 30, 60) for kind in ("mean", "dev", "slope", "range")),
    )
]
FILTERS: Filters = [{"median": {"window_size": 3}}]


@dataclass(frozen=True)
class Subject:
    """One model with its rows and frames.

    ``blob``: model.bin; ``inline``: model.py; ``inline_bytes``: the size of model.mpy; both are
    None for a model that is too large; ``header``: model.h; ``estimator``: the scikit-learn
    classifier, None for a package without one.

    ``x``: int16[rows, features] in random order; ``expected``: int64[rows], the class by
    ``oracle``; ``frames``: readings in the order of time, five raw bytes each.
    """

    name: str
    blob: bytes
    inline: str | None
    inline_bytes: int | None
    header: str
    estimator: Any | None
    x: NDArray[np.int16]
    expected: NDArray[np.int64]
    oracle: str
    frames: list[bytes]

    @property
    def table(self) -> array[int]:
        """The 16-bit words that `edgenode.core.walk_plain` walks."""
        words: array[int] = loader.unpack(self.blob)[1]
        return words

    @property
    def heads(self) -> dict[str, Any]:
        """The heads in the contract, {} without."""
        found: dict[str, Any] = loader.unpack(self.blob)[0].get("heads", {})
        return found

    @property
    def trees(self) -> int:
        return self.table[1]

    @property
    def nodes(self) -> int:
        """Nodes of all trees, leaves included: each tree has one leaf more than inner nodes."""
        return 2 * self.table[0] + self.trees

    def describe(self) -> dict[str, Any]:
        """Return name and sizes as JSON, without the rows."""
        return {
            "name": self.name,
            "trees": self.trees,
            "nodes": self.nodes,
            "features": self.x.shape[1],
            "table_bytes": 2 * len(self.table),
            "inline_bytes": self.inline_bytes,
        }


def reference(with_heads: bool = False) -> Subject:
    """Return a random forest of 10 trees and 290 nodes on 40 features of the generated log.

    ``with_heads``: on the 36 features of `bench.heads`, with every head.
    """
    from sklearn.ensemble import RandomForestClassifier

    log = generated_log()
    features = heads.FEATURES if with_heads else FEATURES
    table = build_table(log, features, FILTERS, log.period_ms)
    forest = RandomForestClassifier(10, max_leaf_nodes=15, min_samples_leaf=5, random_state=0)
    forest.fit(table.x, log.label)
    contract = {
        "name": "reference",
        "classes": [str(c) for c in forest.classes_],
        "features": features,
        "filters": FILTERS,
        "period_ms": log.period_ms,
        "max_delta": list(max_delta(log)),
        "s_feature": 0.0,
        "accuracy": 0.0,
    }
    if with_heads:
        contract["heads"] = heads.all_heads(table.x)
    compiled = compile_estimator(forest, contract, table.x)
    x = _shuffle(table.x)
    return Subject(
        name="all heads" if with_heads else "reference",
        blob=compiled.files["model.bin"],
        inline=compiled.files["model.py"].decode(),
        inline_bytes=compiled.facts["inline_bytes"],
        header=compiled.files["model.h"].decode(),
        estimator=forest,
        x=x,
        expected=_columns(forest, x),
        oracle="scikit-learn",
        frames=_frames(log),
    )


def subject_of(package: Package) -> Subject:
    """Return the model of a package, with its features of the generated log."""
    log = generated_log()
    table = build_table(
        log, package.features, package.filters, package.period_ms, package.max_delta
    )
    x = _shuffle(table.x)
    estimator = load_estimator(package.path / ESTIMATOR) if package.has(ESTIMATOR) else None
    if estimator is None:
        model = package.model()
        expected = np.array([model.predict(row) for row in x.tolist()])
    else:
        expected = _columns(estimator, x)
    inline = build_inline(package.forest)
    return Subject(
        name=str(package.info["name"]),
        blob=package.blob,
        inline=inline.source if inline else None,
        inline_bytes=inline.bytes if inline else None,
        header=package.header(),
        estimator=estimator,
        x=x,
        expected=expected,
        oracle="the plain walker" if estimator is None else "scikit-learn",
        frames=_frames(log),
    )


def generated_log() -> Log:
    """Return 20,560 labelled readings of one generated office, always the same."""
    with tempfile.TemporaryDirectory(prefix="edgewise-bench-") as folder:
        path = Path(folder) / "generated.csv"
        with path.open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(synthetic.HEADER)
            rows.writerows(synthetic.occupancy_rows())
        return read_log(path, label="occupied", split="split")


def _shuffle(x: NDArray[np.int16]) -> NDArray[np.int16]:
    # In the order of time a branch predictor could guess the path.
    return np.random.default_rng(0).permutation(x)


def _columns(estimator: Any, x: NDArray[np.int16]) -> NDArray[np.int64]:
    return np.asarray(np.searchsorted(estimator.classes_, estimator.predict(x)))


def _frames(log: Log) -> list[bytes]:
    pairs = zip(log.t_dc.tolist(), log.h_pm.tolist(), strict=True)
    return [encode(t_dc, h_pm) for t_dc, h_pm in pairs]
