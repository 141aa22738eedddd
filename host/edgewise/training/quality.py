"""The quality of a candidate on held-out parts, and its standard error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["choose", "distances", "pareto_front", "quality"]

_DRAWS = 500  # samples of blocks for a standard error
# Chosen on one half of the held-out blocks of UCI's training part and judged on the other (three
# seeds), the smallest within a whole standard error was 0.6 points worse than the best, within
# half of one as good.
_NEAR = 0.5


def quality(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return float64[...], the mean of balanced accuracy and macro-F1.

    ``confusion``: number[..., true, predicted]. Only classes that occur are counted.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    true, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    occurs = true > 0
    recall = np.divide(hits, true, out=np.zeros_like(hits), where=occurs)
    f1 = np.divide(2 * hits, true + predicted, out=np.zeros_like(hits), where=occurs)
    count = np.maximum(occurs.sum(axis=-1), 1)
    return np.asarray(((recall + f1).sum(axis=-1)) / (2 * count))


def distances(confusions: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return float64[n], the standard error of each candidate's distance from the best.

    ``confusions``: int[n, blocks, true, predicted]. Blocks are drawn with replacement, the same
    ones for all candidates. So a block that is hard for all of them does not raise the errors.
    """
    n, blocks = confusions.shape[:2]
    best = int(np.argmax(quality(confusions.sum(axis=1))))
    draws = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), _DRAWS)
    qualities = np.stack([quality(np.tensordot(draws, confusions[i], axes=1)) for i in range(n)])
    return np.asarray((qualities - qualities[best]).std(axis=1))


def pareto_front(qualities: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return bool[n], the candidates on the Pareto front.

    For such a candidate no other is at least as good and as small, and better in one of the two.
    Of equal ones it is the first.
    """
    no_worse = (qualities[None] >= qualities[:, None]) & (sizes[None] <= sizes[:, None])
    better = (qualities[None] > qualities[:, None]) | (sizes[None] < sizes[:, None])
    is_earlier = np.tri(len(sizes), k=-1, dtype=bool)
    return np.asarray(~(no_worse & (better | is_earlier & no_worse.T)).any(axis=1))


def choose(
    qualities: NDArray[np.float64], errors: NDArray[np.float64], sizes: NDArray[np.int64]
) -> int:
    """Return the index of the smallest within half a standard error of the best.

    Of equally small ones it is the better.
    """
    near = np.flatnonzero(qualities >= qualities.max() - _NEAR * errors)
    return int(min(near, key=lambda i: (sizes[i], -qualities[i])))
