"""Check whether a classifier and its rows can become a model on the node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import CLASSES_MAX, FEATURES_MAX
from edgewise.errors import InputError
from edgewise.package.forest import INT16_MAX, trees_of

__all__ = ["check_estimator", "check_rows", "supported_kinds"]


def supported_kinds() -> tuple[Any, ...]:
    """The classes of scikit-learn whose classifiers become models."""
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier, RandomForestClassifier, ExtraTreesClassifier


def check_estimator(estimator: Any) -> None:
    """Raise InputError unless this is a fitted tree or forest classifier within the limits."""
    kinds = supported_kinds()
    kind = type(estimator).__name__
    names = ", ".join(k.__name__ for k in kinds)
    if not isinstance(estimator, kinds):
        why = "a regressor predicts numbers" if "Regressor" in kind else "not supported"
        raise InputError(
            f"{kind}: {why}: train one of {names}; a network comes as int8 in a .tflite file"
        )
    if not hasattr(estimator, "n_outputs_"):
        raise InputError(f"{kind}: not fitted: call fit(x, y) first")
    if estimator.n_outputs_ != 1:
        raise InputError(
            f"{kind}: {estimator.n_outputs_} outputs, a node says one class: train one model each"
        )
    if not 2 <= estimator.n_classes_ <= CLASSES_MAX:
        raise InputError(
            f"{kind}: {estimator.n_classes_} class(es), 2 to {CLASSES_MAX} are possible: "
            "label readings of more classes, or merge some"
        )
    if estimator.n_features_in_ > FEATURES_MAX:
        raise InputError(
            f"{kind}: {estimator.n_features_in_} features, {FEATURES_MAX} are the most: "
            "train on the most important ones"
        )
    if all(tree.node_count == 1 for tree in trees_of(estimator)):
        raise InputError(
            f"{kind}: no tree has a split, so every reading gets the same class: "
            "train with more rows, or with smaller leaves"
        )
    _check_thresholds(estimator, kind)


def _check_thresholds(estimator: Any, kind: str) -> None:
    for tree in trees_of(estimator):
        inner = np.flatnonzero(tree.children_left >= 0)
        beyond = inner[~(np.abs(tree.threshold[inner]) <= INT16_MAX)]
        if len(beyond):
            threshold = tree.threshold[beyond[0]]
            if not np.isfinite(threshold):
                raise InputError(
                    f"{kind}: splits feature {tree.feature[beyond[0]]} by missing values, and the "
                    "features of a node are never missing: train without the rows that have NaN"
                )
            raise InputError(
                f"{kind}: splits feature {tree.feature[beyond[0]]} at {threshold:g}, beyond "
                f"+-{INT16_MAX} (int16): scale that feature down and train again"
            )


def check_rows(x: NDArray[Any], features: list[str]) -> NDArray[np.int16]:
    """Return ``x``, number[rows, features], as int16.

    InputError names the first value that is no int16: scikit-learn accepts NaN and fractions, the
    node has neither.
    """
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(features):
        raise InputError(
            f"rows of shape {values.shape} do not fit {len(features)} features: "
            "build them with edgewise.features.table"
        )
    wrong = ~(np.abs(values) <= INT16_MAX) | (values != np.rint(values))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"row {row}, feature {features[column]} is {values[row, column]:g}: features are "
            f"whole numbers within +-{INT16_MAX} (hundredths): build them with "
            "edgewise.features.table"
        )
    return values.astype(np.int16)
