"""Generate the same classifier for MicroPython with the tools of other projects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from edgewise.errors import EdgewiseError

__all__ = ["RIVALS", "everywhereml_source", "m2cgen_source"]


def m2cgen_source(estimator: Any) -> str:
    """Return Python with ``score(x)`` -> probabilities."""
    import m2cgen

    _check(estimator)
    return str(m2cgen.export_to_python(estimator))


def everywhereml_source(estimator: Any) -> str:
    """Return Python with a class ``Forest`` that has ``predict(x)`` -> class index.

    everywhereml normally fits its own classifier; here it gets the trees of ``estimator``.
    """
    from everywhereml.sklearn.ensemble import RandomForestClassifier

    _check(estimator)
    if not hasattr(estimator, "estimators_"):
        raise EdgewiseError("knows no single trees")
    copied = RandomForestClassifier()
    vars(copied).update(vars(estimator))
    copied.dataset = SimpleNamespace(num_outputs=len(estimator.classes_))
    return str(copied.to_micropython(class_name="Forest"))


def _check(estimator: Any) -> None:
    if estimator is None:
        raise EdgewiseError("the package keeps no classifier: train again")


RIVALS = {"m2cgen": m2cgen_source, "everywhereml": everywhereml_source}
