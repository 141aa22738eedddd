"""How much better a small forest is on held-out parts with features of tsfresh beside ours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.scout.ranking import closeness
from edgewise.training.relevance import information_gain
from edgewise.training.rows import Rows, parts_of

__all__ = ["POINTS_MIN", "Gain", "measure_gain"]

_ADDED_MAX = 10
_KNOWN = 0.9  # rank correlation from which on the catalogue has a feature
_TREES = 60
_LEAVES = 32
_SEEDS = 2
_DRAWS = 1000
_SURE = 2.5  # standard errors: they come from some twenty blocks only
POINTS_MIN = 0.5  # of balanced accuracy, in percent: less is not worth new code on the node
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """Balanced accuracy on held-out parts, in percent: ``ours`` with the catalogue's features,
    ``both`` with at most ten of tsfresh beside them; ``error``: the standard error of the
    difference; ``added``: these features, and in how many parts each was chosen; ``parts``: the
    held-out parts in words."""

    ours: float
    both: float
    error: float
    added: dict[str, int]
    parts: str

    @property
    def points(self) -> float:
        """What is gained, in points of balanced accuracy."""
        return self.both - self.ours

    @property
    def is_real(self) -> bool:
        """Whether it is more than noise, and more than half a point."""
        return self.points >= POINTS_MIN and self.points > _SURE * self.error


def measure_gain(rows: Rows, theirs: Floats, names: list[str], n_classes: int) -> Gain | None:
    """Return the gain; None where no part can be held out.

    ``theirs``: float64[rows, len(names)]. The features are chosen on the rows that a forest is
    fitted on, never on those that it is judged on.
    """
    parts = parts_of(rows)
    if not parts.folds:
        return None
    n_blocks = int(parts.block.max()) + 1
    confusions = np.zeros((2, n_blocks, n_classes, n_classes))
    added: dict[str, int] = {}
    ours = rows.x.astype(np.float64)
    for fit, held_out in parts.folds:
        chosen = _choose(ours[fit], theirs[fit], rows.y[fit])
        for column in chosen:
            added[names[column]] = added.get(names[column], 0) + 1
        for i, x in enumerate((ours, np.hstack([ours, theirs[:, chosen]]))):
            for predicted in _predictions(x[fit], rows.y[fit], x[held_out]):
                cells = (parts.block[held_out], rows.y[held_out], predicted)
                np.add.at(confusions[i], cells, 1 / _SEEDS)
    balanced = 100 * _balanced(confusions.sum(axis=1))
    draws = np.random.default_rng(0).multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), _DRAWS)
    drawn = [100 * _balanced(np.tensordot(draws, c, axes=1)) for c in confusions]
    error = float(np.std(drawn[1] - drawn[0]))
    by_parts = dict(sorted(added.items(), key=lambda item: -item[1]))
    return Gain(float(balanced[0]), float(balanced[1]), error, by_parts, parts.text)


def _choose(ours: Floats, theirs: Floats, y: NDArray[np.int64]) -> list[int]:
    # the most telling columns of theirs that neither ours nor one chosen before comes close to
    alike = closeness(theirs, ours).max(axis=1)
    bits = information_gain(theirs, y)
    chosen: list[int] = []
    for column in np.argsort(-bits, kind="stable").tolist():
        if alike[column] >= _KNOWN:
            continue
        others = closeness(theirs[:, [column]], theirs[:, chosen])
        if others.max(initial=0.0) < _KNOWN:
            chosen.append(column)
        if len(chosen) == _ADDED_MAX:
            break
    return chosen


def _predictions(x: Floats, y: NDArray[np.int64], held_out: Floats) -> list[NDArray[np.int64]]:
    from sklearn.ensemble import RandomForestClassifier

    forests = (
        RandomForestClassifier(
            _TREES, max_leaf_nodes=_LEAVES, class_weight="balanced", random_state=seed
        )
        for seed in range(_SEEDS)
    )
    return [np.asarray(forest.fit(x, y).predict(held_out)) for forest in forests]


def _balanced(confusion: Floats) -> Floats:
    # the mean recall of the classes that occur
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true = confusion.sum(axis=-1)
    recall = np.divide(hits, true, out=np.zeros_like(true), where=true > 0)
    return np.asarray(recall.sum(axis=-1) / np.maximum((true > 0).sum(axis=-1), 1))
