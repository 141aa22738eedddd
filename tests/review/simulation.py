"""Does the list help? ``python -m tests.review.simulation`` reveals labels of two real logs.

Someone labels ten periods, trains, labels ten more and trains again: the periods of the list, the
ten most unsure ones, or half hours at random. Each time the label is what the log says of most
of the period. Before, there is one label of each class. Printed are accuracy and balanced accuracy
on other days (UCI) or other nodes (Intel), with the standard error of the mean of all runs.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from edgewise.features.splitting import Split, split_log
from edgewise.features.table import build_table
from edgewise.logs import public
from edgewise.logs.log import Log
from edgewise.review import N_MAX, Proposal, Span, choose
from edgewise.review.windows import Answers, windows
from edgewise.training.pool import FILTERS, NO_FILTERS, POOL

INTEL = "intel_faults_injected/intel_faults_mixed.csv.gz"
NODE_S = 1e8  # between the times of two nodes, so that no period has readings of both
WIDTH_S = 1800


@dataclass
class Rows:
    """``x``: the features of valid readings; ``y``: their class; ``time_s``: sorted."""

    x: NDArray[Any]
    y: NDArray[Any]
    time_s: NDArray[np.float64]
    period_s: float

    @classmethod
    def of(cls, log: Log, filters: Any, period_ms: int) -> Rows:
        table = build_table(log, POOL, filters, period_ms)
        assert log.label is not None
        _, node = np.unique(log.node.astype(str), return_inverse=True)
        time_s = (log.time_s + NODE_S * node)[table.valid]
        order = np.argsort(time_s, kind="stable")
        x, y = table.x[table.valid][order], log.label[table.valid][order]
        return cls(x.astype(np.float32), y.astype(str), time_s[order], period_ms / 1000)

    def labelled(self, span: Span) -> NDArray[np.int64]:
        """The longest run of one class in ``span``: what one label can say."""
        rows = np.flatnonzero((self.time_s >= span.from_s) & (self.time_s < span.to_s))
        changes = np.flatnonzero(self.y[rows][1:] != self.y[rows][:-1]) + 1
        return max(np.split(rows, changes), key=len)


def logs() -> dict[str, tuple[Rows, Rows]]:
    """Name -> the readings to label, and those to test on."""
    uci = public.get().path
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        intel = Path(folder) / "intel.csv"
        intel.write_bytes(gzip.decompress((uci.parents[1] / INTEL).read_bytes()))
        for name, path, split, filters in (
            ("UCI", uci, Split("occupied", None, None, "split", "train"), FILTERS),
            ("Intel", intel, Split("fault", "mote", None, "mote", "1,4,6,19,22"), NO_FILTERS),
        ):
            fit, test = split_log(path, split)
            found[name] = tuple(Rows.of(log, filters, fit.period_ms) for log in (fit, test))
    return found  # type: ignore[return-value]


Model = RandomForestClassifier
Choose = Callable[[Rows, Model, Model | None, list[Span], np.random.Generator], list[Span]]


def answers(rows: Rows, model: Model, name: str) -> Answers:
    share = model.predict_proba(rows.x)
    said = model.classes_[share.argmax(axis=1)].astype(object)
    classes = frozenset(model.classes_.tolist())
    return Answers(name, classes, said, share.max(axis=1), np.ones(len(said), dtype=bool))


def proposals(rows: Rows, model: Model, before: Model | None) -> list[Proposal]:
    new = answers(rows, model, "new")
    if before is None:
        return windows(rows.time_s, rows.period_s, new, None)
    return windows(rows.time_s, rows.period_s, answers(rows, before, "running"), new)


def by_list(
    rows: Rows,
    model: Model,
    before: Model | None,
    labels: list[Span],
    _rng: np.random.Generator,
) -> list[Span]:
    return [p.span for p in choose(proposals(rows, model, before), labels)]


def most_unsure(
    rows: Rows,
    model: Model,
    before: Model | None,
    labels: list[Span],
    _rng: np.random.Generator,
) -> list[Span]:
    free = [p for p in proposals(rows, model, before) if p.span not in labels]
    return [p.span for p in sorted(free, key=lambda p: -p.usefulness)[:N_MAX]]


def at_random(
    rows: Rows,
    _model: Model,
    _before: Model | None,
    labels: list[Span],
    rng: np.random.Generator,
) -> list[Span]:
    free = [span for span in halves(rows) if span not in labels]
    return [free[i] for i in rng.choice(len(free), N_MAX, replace=False)]


WAYS: dict[str, Choose] = {"random": at_random, "unsure": most_unsure, "list": by_list}


def halves(rows: Rows) -> list[Span]:
    """The half hours with at least ten readings."""
    number, n = np.unique(np.floor(rows.time_s / WIDTH_S), return_counts=True)
    return [Span(k * WIDTH_S, (k + 1) * WIDTH_S) for k in number[n >= 10].tolist()]


def fit(rows: Rows, labels: list[Span], seed: int) -> Model:
    chosen = np.unique(np.concatenate([rows.labelled(span) for span in labels]))
    model = RandomForestClassifier(
        30, max_leaf_nodes=20, min_samples_leaf=3, class_weight="balanced", random_state=seed
    )
    names, y = np.unique(rows.y[chosen], return_inverse=True)
    model.fit(rows.x[chosen], y)
    model.classes_ = names
    return model


def one_run(
    rows: Rows, test: Rows, way: Choose, start: list[Span], seed: int
) -> list[tuple[float, float]]:
    """Accuracy and balanced accuracy with the first labels, ten more and twenty more."""
    rng = np.random.default_rng(1000 + seed)
    labels, before, scores = [*start], None, []
    for is_last in (False, False, True):
        model = fit(rows, labels, seed)
        said = model.classes_[model.predict_proba(test.x).argmax(axis=1)]
        scores.append((accuracy_score(test.y, said), balanced_accuracy_score(test.y, said)))
        if not is_last:
            labels += way(rows, model, before, labels, rng)
            before = model
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    print("log    way     labels  accuracy      balanced accuracy")
    for name, (rows, test) in logs().items():
        all_halves = halves(rows)
        first = np.array([rows.y[rows.labelled(span)[0]] for span in all_halves])
        scores: dict[str, list[Any]] = {way: [] for way in WAYS}
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            picked = [rng.choice(np.flatnonzero(first == cls)) for cls in np.unique(first)]
            start = [all_halves[i] for i in picked]
            for way, choice in WAYS.items():
                scores[way].append(one_run(rows, test, choice, start, seed))
        for way, values in scores.items():
            mean = 100 * np.mean(values, axis=0)
            error = 100 * np.std(values, axis=0) / np.sqrt(runs)
            for n in (0, 10, 20) if way == "random" else (10, 20):
                (a, b), (da, db) = mean[n // 10], error[n // 10]
                print(
                    f"{name:6} {way:7} {n:6}  {a:.1f} +-{da:.1f} %  {b:.1f} +-{db:.1f} %",
                    flush=True,
                )


if __name__ == "__main__":
    main()
