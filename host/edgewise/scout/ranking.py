"""Features by what they tell about the class, and which of ours comes closest to each."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from edgewise.scout.extraction import Extracted
from edgewise.scout.windows import Windows
from edgewise.training.relevance import information_gain

__all__ = ["Ranked", "chance_bits", "closeness", "rank", "ranking_csv"]

_SHIFTS = 8
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranked:
    """A feature of tsfresh or of the catalogue (``is_ours``). ``bits``: that it tells about the
    class; ``closest``: the catalogue's feature with the largest rank correlation, ``alike``, 0..1,
    whatever its sign."""

    name: str
    is_ours: bool
    bits: float
    closest: str
    alike: float


def rank(windows: Windows, theirs: Extracted) -> list[Ranked]:
    """Return the features of both, the most telling first."""
    ours = windows.rows.x.astype(np.float64)
    alike = closeness(theirs.x, ours)
    index = alike.argmax(axis=1).tolist()
    bits = information_gain(np.hstack([ours, theirs.x]), windows.rows.y).tolist()
    ranked = [
        Ranked(name, True, b, name, 1.0)
        for name, b in zip(windows.names, bits[: len(windows.names)], strict=True)
    ]
    ranked += starmap(
        lambda name, b, i, row: Ranked(name, False, b, windows.names[i], float(row[i])),
        zip(theirs.names, bits[len(windows.names) :], index, alike, strict=True),
    )
    return sorted(ranked, key=lambda r: -r.bits)


def closeness(a: Floats, b: Floats) -> Floats:
    """Return float64[columns of a, columns of b], the size of Spearman's rank correlation; 0 for
    a column that does not change."""
    ranks = [_standard(_ranks(x)) for x in (a, b)]
    return np.asarray(np.abs(ranks[0].T @ ranks[1]) / len(a))


def chance_bits(windows: Windows, theirs: Extracted, seed: int) -> float:
    """Return the bits that the best of all features tells about classes that are moved in time.

    The classes stay as they follow each other, but no longer belong to these readings: what a
    feature tells of them is chance. Of eight moves the median.
    """
    x = np.hstack([windows.rows.x, theirs.x])
    y = windows.rows.y
    moves = np.random.default_rng(seed).integers(len(y) // 4, 3 * len(y) // 4, _SHIFTS)
    return float(np.median([information_gain(x, np.roll(y, m)).max() for m in moves.tolist()]))


def ranking_csv(ranked: list[Ranked]) -> str:
    """Return CSV rows of feature,from,bits,closest,alike."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(("feature", "from", "bits", "closest", "alike"))
    for r in ranked:
        source = "edgewise" if r.is_ours else "tsfresh"
        out.writerow((r.name, source, f"{r.bits:.4f}", r.closest, f"{r.alike:.3f}"))
    return text.getvalue()


def _ranks(x: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(x, axis=0))


def _standard(x: Floats) -> Floats:
    centred = x - x.mean(axis=0)
    scale = centred.std(axis=0)
    return np.asarray(centred / np.where(scale > 0, scale, np.inf))
