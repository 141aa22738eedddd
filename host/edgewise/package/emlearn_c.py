"""Generate model.h: emlearn's C, corrected so that it agrees with scikit-learn.

docs/emlearn-thresholds.md explains the corrections.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.errors import EdgewiseError
from edgewise.package.forest import Forest

__all__ = ["corrected_source", "library", "stock_source"]

_NAME = "edgewise"


def library() -> Any:
    """Return emlearn. As it is imported, numpy learns to raise on underflow everywhere: undone."""
    with np.errstate():
        import emlearn
    return emlearn


def stock_source(estimator: Any) -> str:
    """Return emlearn's C for a fitted classifier, uncorrected: int16, soft votes of 8 bits."""
    converted = library().convert(estimator, method="inline", dtype="int16_t", leaf_bits=8)
    return str(converted.save(name=_NAME, format="c"))


def corrected_source(forest: Forest, n_features: int) -> str:
    """Return emlearn's C for the integer forest: ``edgewise_predict`` and
    ``edgewise_predict_proba``.

    Thresholds are floor(t) + 1. Leaves have the proportions and the bits of ``forest``. Votes are
    summed as whole numbers, which a float holds exactly, and not as fractions, which it rounds.
    """
    code = _generate(forest, n_features)
    flat = forest.leaves.ravel()
    if forest.bits > 8:
        narrow = _declare("uint8_t", (flat & 0xFF).tolist())
        code = _replace(code, narrow, _declare("uint16_t", flat.tolist()))
    code = _replace(code, "/255.0f)", ")")
    return _replace(code, f"out[i] / {len(forest.roots)};", f"out[i] / {forest.total}.0f;")


def _generate(forest: Forest, n_features: int) -> str:
    library()
    from emlearn import trees

    n = len(forest.nodes)
    nodes = forest.nodes.tolist()
    for node in nodes:
        node[2:] = [_child(c, n) for c in node[2:]]
    roots = [_child(r, n) for r in forest.roots.tolist()]
    return str(
        trees.generate_c_inlined(
            (nodes, roots, forest.leaves),
            _NAME,
            n_features=n_features,
            n_classes=forest.leaves.shape[1],
            leaf_bits=8,
            dtype="int16_t",
        )
    )


def _declare(ctype: str, values: list[int]) -> str:
    from emlearn import cgen

    name, n = f"{_NAME}_leaves", len(values)
    return str(cgen.array_declare(name, n, modifiers="static const", dtype=ctype, values=values))


def _child(place: int, n_nodes: int) -> int:
    return place if place < n_nodes else n_nodes - place - 1


def _replace(code: str, old: str, new: str) -> str:
    if old not in code:
        raise EdgewiseError(f"emlearn's C no longer has {old[:40]!r}: pip install emlearn==0.23.2")
    return code.replace(old, new)
