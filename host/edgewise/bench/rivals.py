"""The same classifier as other projects write it for MicroPython."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from edgewise.errors import EdgewiseError

__all__ = ["RIVALS", "everywhereml_source", "m2cgen_source"]


def m2cgen_source(estimator: Any) -> str:
    """Python with ``score(x)`` -> probabilities."""
    import m2cgen

    _check(estimator)
    return str(m2cgen.export_to_python(estimator))


def everywhereml_source(estimator: Any) -> str:
    """Python with a class ``Forest`` that has ``predict(x)`` -> class index.

    everywhereml would fit a classifier of its own: here it is shown the trees of ours.
    """
    from everywhereml.sklearn.ensemble import RandomForestClassifier

    _check(estimator)
    if not hasattr(estimator, "estimators_"):
        raise EdgewiseError("knows no single trees")
    twin = RandomForestClassifier()
    vars(twin).update(vars(estimator))
    twin.dataset = SimpleNamespace(num_outputs=len(estimator.classes_))
    return str(twin.to_micropython(class_name="Forest"))


def _check(estimator: Any) -> None:
    if estimator is None:
        raise EdgewiseError("the package keeps no classifier: train again")


RIVALS = {"m2cgen": m2cgen_source, "everywhereml": everywhereml_source}
