"""The result of a training: its candidates, the chosen model and the scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.features.table import Filters
from edgewise.logs.pieces import Piece
from edgewise.training.detector import Detector
from edgewise.training.sequence import Sequence

__all__ = [
    "NO_HEADS",
    "Candidate",
    "ClassScores",
    "Filtering",
    "Forecast",
    "HeadChoice",
    "Levels",
    "NetworkRecipe",
    "Recipe",
    "Scores",
    "Trained",
    "score",
]


@dataclass(frozen=True)
class Recipe:
    """The settings to grow a classifier with.

    ``class_weight``: "balanced" is the inverse of the class's frequency, "sqrt" the root of that:
    a compromise between misses of a rare class and false alarms. "none" is 1.
    """

    kind: str
    trees: int
    max_leaf_nodes: int
    max_depth: int | None
    min_samples_leaf: int
    max_features: float | None
    criterion: str
    class_weight: str = "none"

    def __str__(self) -> str:
        return f"{self.kind}, {self.trees} tree{'s' * (self.trees > 1)}"

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
            "class_weight": _weights(y, self.class_weight),
            "random_state": seed,
        }
        if self.kind == "DecisionTree":
            return DecisionTreeClassifier(**options)
        forests = {"ExtraTrees": ExtraTreesClassifier, "RandomForest": RandomForestClassifier}
        return forests[self.kind](n_estimators=self.trees, **options)


def _weights(y: NDArray[np.int64], class_weight: str) -> dict[int, float] | None:
    if class_weight == "none":
        return None
    classes, counts = np.unique(y, return_counts=True)
    weights = len(y) / (len(classes) * counts)
    if class_weight == "sqrt":
        weights = np.sqrt(weights)
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))


@dataclass(frozen=True)
class NetworkRecipe:
    """The settings to fit a network with: ``sizes``: its layers, inputs first; ``alpha``: the
    penalty on large weights; ``epochs``: passes over the training rows."""

    kind: str
    sizes: tuple[int, ...]
    alpha: float
    epochs: int

    def __str__(self) -> str:
        return f"network {self.layers}"

    @property
    def layers(self) -> str:
        """The sizes for people, as 12-8-2."""
        return "-".join(map(str, self.sizes))

    def as_dict(self) -> dict[str, Any]:
        """Return the key ``recipe`` of model.json."""
        return {**asdict(self), "sizes": self.layers}


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


def score_words(scores: Mapping[str, Any]) -> str:
    """Return the three figures of a ``Scores.as_dict()``, or of what model.json has of it."""
    return (
        f"accuracy {scores['accuracy']:.1%}, balanced {scores['balanced_accuracy']:.1%}, "
        f"macro-F1 {scores['macro_f1']:.1%}"
    )


def score(y: NDArray[Any], predicted: NDArray[Any], names: list[str] | None = None) -> Scores:
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

    ``features``: number of features; ``nodes``: number of nodes, leaves included, 0 for a network;
    ``bytes``: size of the table; ``visits``: mean of the nodes that a prediction visits, or the
    products of a network; ``us``: estimated microseconds of a prediction on an ESP32;
    ``quality``: mean of balanced accuracy and macro-F1 on held-out parts, so that misses and false
    alarms both count; ``se``: standard error of its distance from the best. ``se`` and
    ``on_front`` compare only candidates with the chosen levels and filters; ``se`` of a network
    is of its distance from the best network.
    """

    recipe: Recipe | NetworkRecipe
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
class HeadChoice:
    """``heads``: what a model has beside its trees, for its contract; ``why``: a sentence for each
    decision; ``cold``: readings after a start that the trees are not fitted on."""

    heads: dict[str, dict[str, Any]]
    why: list[str]
    cold: int


NO_HEADS = HeadChoice({}, [], 0)


@dataclass(frozen=True)
class Filtering:
    """Whether the readings pass a median of 3 before the features, and why.

    A median keeps glitches of the sensor away from the model, and with them spikes that are a
    class. ``asked``: the option --filters; ``used``: "median" or "none"; the qualities are the
    best on held-out parts, None where that choice was not tried.
    """

    asked: str
    used: str
    quality_median: float | None
    quality_none: float | None
    why: str


@dataclass(frozen=True)
class Forecast:
    """How right the forecasts of one channel (t or h) and horizon were on the test part.

    ``unchanged``: mean absolute error of 'as it is now', ``error``: of the forecast, in Celsius or
    %RH; ``inside``: share of the readings within the band.
    """

    channel: str
    minutes: int
    rows: int
    unchanged: float
    error: float
    inside: float

    def as_dict(self) -> dict[str, Any]:
        """Return its part of the key ``forecasts`` of model.json."""
        return asdict(self)


@dataclass(frozen=True)
class Trained:
    """A fitted classifier with everything that its package needs.

    ``estimator`` has only the columns ``features``; ``training``, ``testing``: the readings of
    both parts, labelled or not; ``relevance``: feature -> information gain in bits, use;
    ``s_feature``: see `training.relevance.s_feature`; ``detector``: limits, of features that the
    trees may not use; ``heads``: what was chosen beside the trees; ``pieces_train``,
    ``pieces_test``: the logs of both parts; ``filtering``: why ``filters`` were chosen, None for a
    detector; ``labelled``: False where nobody labelled the readings, whose ``y`` are 0;
    ``forecasts``: of what comes next, on the test part; ``network``: how a network was fitted
    that takes the place of the trees, of which are then only ``estimator`` and ``recipe``.
    """

    estimator: Any
    recipe: Recipe
    classes: list[str]
    features: list[str]
    filters: Filters
    period_ms: int
    max_delta: tuple[int, int]
    training: Sequence
    testing: Sequence
    cv_balanced_accuracy: float
    scores: Scores
    s_feature: float
    relevance: dict[str, tuple[float, float]]
    candidates: list[Candidate]
    levels: Levels
    validation: str
    seed: int
    detector: Detector | None = None
    heads: HeadChoice = NO_HEADS
    pieces_train: list[Piece] = field(default_factory=list)
    pieces_test: list[Piece] = field(default_factory=list)
    filtering: Filtering | None = None
    labelled: bool = True
    forecasts: list[Forecast] = field(default_factory=list)
    network: NetworkRecipe | None = None
