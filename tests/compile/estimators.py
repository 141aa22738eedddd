"""Classifiers of scikit-learn. Its import takes seconds, which most workers do not need."""

from __future__ import annotations

from typing import Any


def decision_tree(**options: Any) -> Any:
    """A DecisionTreeClassifier, not fitted."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(**options)


def random_forest(trees: int = 100, **options: Any) -> Any:
    """A RandomForestClassifier, not fitted."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(trees, **options)


def extra_trees(trees: int = 100, **options: Any) -> Any:
    """An ExtraTreesClassifier, not fitted."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(trees, **options)
