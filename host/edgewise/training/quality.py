"""How good a candidate is on held-out parts, and how sure that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["choose", "distances", "pareto_front", "quality"]

_DRAWS = 500


def quality(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of balanced accuracy and macro-F1; ``confusion``: number[..., true, said].

    Over the classes that occur. Returns float64[...].
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    true, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    occurs = true > 0
    recall = np.divide(hits, true, out=np.zeros_like(hits), where=occurs)
    f1 = np.divide(2 * hits, true + said, out=np.zeros_like(hits), where=occurs)
    count = np.maximum(occurs.sum(axis=-1), 1)
    return np.asarray(((recall + f1).sum(axis=-1)) / (2 * count))


def distances(confusions: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """float64[n], the standard error of each candidate's distance from the best.

    ``confusions``: int[n, blocks, true, said]. Blocks are drawn with replacement, the same for all
    candidates: a block that is hard for all of them makes none of them less certain.
    """
    n, blocks = confusions.shape[:2]
    best = int(np.argmax(quality(confusions.sum(axis=1))))
    draws = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), _DRAWS)
    drawn = np.stack([quality(np.tensordot(draws, confusions[i], axes=1)) for i in range(n)])
    return np.asarray((drawn - drawn[best]).std(axis=1))


def pareto_front(qualities: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[n], whether no other is at least as good and as small, and better in one of them."""
    better = (qualities[None] >= qualities[:, None]) & (sizes[None] <= sizes[:, None])
    strictly = (qualities[None] > qualities[:, None]) | (sizes[None] < sizes[:, None])
    return np.asarray(~(better & strictly).any(axis=1))


def choose(
    qualities: NDArray[np.float64], errors: NDArray[np.float64], sizes: NDArray[np.int64]
) -> int:
    """The smallest within one standard error of the best; of equal ones the better."""
    near = np.flatnonzero(qualities >= qualities.max() - errors)
    return int(min(near, key=lambda i: (sizes[i], -qualities[i])))
