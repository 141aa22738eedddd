"""The result of a training: its candidates, the chosen model and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.features.table import Filters
from edgewise.training.detector import Detector

__all__ = ["Candidate", "ClassScores", "Levels", "Recipe", "Scores", "Trained", "score"]


@dataclass(frozen=True)
class Recipe:
    """The settings to grow a classifier with."""

    kind: str
    trees: int
    max_leaf_nodes: int
    max_depth: int | None
    min_samples_leaf: int
    max_features: float | None
    criterion: str

    def estimator(self, y: NDArray[np.int64], seed: int) -> Any:
        """Return a classifier to fit on the classes ``y``: int[rows]."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
        from sklearn.tree import DecisionTreeClassifier

        options = {
            "max_leaf_nodes": self.max_leaf_nodes,
            "max_depth": self.max_depth,
            "min_samples_leaf": self.min_samples_leaf,
            "max_features": self.max_features,
            "criterion": self.criterion,
            "class_weight": _weights(y),
            "random_state": seed,
        }
        if self.kind == "DecisionTree":
            return DecisionTreeClassifier(**options)
        forests = {"ExtraTrees": ExtraTreesClassifier, "RandomForest": RandomForestClassifier}
        return forests[self.kind](n_estimators=self.trees, **options)


def _weights(y: NDArray[np.int64]) -> dict[int, float]:
    # The root of the inverse frequency: a compromise between misses of a rare class and false
    # alarms.
    classes, counts = np.unique(y, return_counts=True)
    weights = np.sqrt(len(y) / (len(classes) * counts))
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))


@dataclass(frozen=True)
class ClassScores:
    """One class: its rows, and fractions 0..1. ``precision``: None where it is never predicted."""

    rows: int
    recall: float
    precision: float | None


@dataclass(frozen=True)
class Scores:
    """Fractions 0..1; ``classes``: each class that occurs."""

    rows: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    classes: dict[str, ClassScores]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def score(y: NDArray[Any], predicted: NDArray[Any], names: Sequence[str] | None = None) -> Scores:
    """Return accuracy, balanced accuracy and macro-F1 over the classes that occur in ``y``.

    ``names``: of the classes, where ``y`` holds their numbers.
    """
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    if len(y) == 0:
        return Scores(0, 0.0, 0.0, 0.0, {})
    return Scores(
        len(y),
        float(accuracy_score(y, predicted)),
        float(recall_score(y, predicted, labels=np.unique(y), average="macro", zero_division=0)),
        float(f1_score(y, predicted, labels=np.unique(y), average="macro", zero_division=0)),
        {
            str(cls) if names is None else names[cls]: _score_class(y == cls, predicted == cls)
            for cls in np.unique(y)
        },
    )


def _score_class(is_true: NDArray[np.bool_], is_said: NDArray[np.bool_]) -> ClassScores:
    n, n_said, n_right = (int(rows.sum()) for rows in (is_true, is_said, is_true & is_said))
    return ClassScores(n, n_right / n, n_right / n_said if n_said else None)


@dataclass(frozen=True)
class Candidate:
    """One model of the search.

    ``features``: number of features; ``nodes``: number of nodes, leaves included; ``bytes``: size
    of the table; ``visits``: mean of the nodes that a prediction visits; ``us``: estimated
    microseconds of a prediction on an ESP32; ``quality``: mean of balanced accuracy and macro-F1
    on held-out parts, so that misses and false alarms both count; ``se``: standard error of its
    distance from the best. ``se`` and ``on_front`` compare only candidates with the chosen levels
    and filters.
    """

    recipe: Recipe
    filtered: bool
    levels: bool
    features: int
    nodes: int
    bytes: int
    visits: float
    us: float
    quality: float
    se: float
    on_front: bool
    chosen: bool


@dataclass(frozen=True)
class Levels:
    """Whether absolute levels are features, and why.

    Levels help in one known room and hurt in a new one. ``asked``: the option --levels; the
    qualities are the best on held-out parts, None where that choice was not tried.
    """

    asked: str
    used: bool
    quality_on: float | None
    quality_off: float | None
    why: str


@dataclass(frozen=True)
class Trained:
    """A fitted classifier with everything that its package needs.

    ``estimator`` has only the columns ``features``; ``x_train``, ``x_test``: int16[rows,
    features]; ``time_*_s``: float64[rows], unix seconds; ``node_*``: object[rows]; ``relevance``:
    feature -> information gain in bits, use; ``s_feature``: see `training.relevance.s_feature`;
    ``detector``: the limits of a detector, whose ``y`` are all 0: nobody labelled them.
    """

    estimator: Any
    recipe: Recipe
    classes: list[str]
    features: list[str]
    filters: Filters
    period_ms: int
    max_delta: tuple[int, int]
    x_train: NDArray[np.int16]
    y_train: NDArray[np.int64]
    time_train_s: NDArray[np.float64]
    node_train: NDArray[Any]
    x_test: NDArray[np.int16]
    y_test: NDArray[np.int64]
    time_test_s: NDArray[np.float64]
    node_test: NDArray[Any]
    cv_balanced_accuracy: float
    scores: Scores
    s_feature: float
    relevance: dict[str, tuple[float, float]]
    candidates: list[Candidate]
    levels: Levels
    validation: str
    seed: int
    detector: Detector | None = None
