"""Check that every implementation of a model gives the class of scikit-learn for every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import EdgewiseError
from edgewise.package.forest import Forest
from edgewise.prediction import runtimes
from edgewise.prediction.runtimes import Answers
from edgewise.toolchain import cc

__all__ = ["Checked", "check"]


@dataclass(frozen=True)
class Checked:
    """``rows``: number of distinct rows of the data; ``thresholds``: number of thresholds, each
    compared with its two neighbours; ``runtimes``: the implementations that agree with
    scikit-learn on all of them."""

    rows: int
    thresholds: int
    runtimes: list[str]


def check(
    forest: Forest,
    blob: bytes,
    code: str | None,
    header: str,
    rows: NDArray[np.int16],
    expected: NDArray[np.int64],
    names: tuple[list[str], list[str]],
) -> dict[str, float | None]:
    """Compare all implementations on ``rows`` (int16[n, features]).

    Returns the microseconds of a prediction by the name of the implementation; None where they
    are not measured.

    ``expected``: int[n], scikit-learn's class. ``code``: model.py, ``header``: model.h, ``names``:
    of features and of classes. Raises EdgewiseError with the first row that differs in class, or
    from the plain walker in its share of the votes.
    """
    features, classes = names
    votes: Answers | None = None
    times_us: dict[str, float | None] = {}
    for runtime, answers, us in _run(forest, blob, code, header, rows):
        is_different = answers[:, 0] != expected
        if votes is not None:
            is_different |= answers[:, 1] != votes[:, 1]
        if is_different.any():
            first = int(is_different.argmax())
            vector = dict(zip(features, rows[first].tolist(), strict=True))
            raise EdgewiseError(
                f"{runtime} says {classes[answers[first, 0]]} ({answers[first, 1]} %) where "
                f"scikit-learn says {classes[expected[first]]}, first at {vector}: "
                "nothing was written; train with another --seed"
            )
        votes = answers if votes is None else votes
        times_us[runtime] = us
    return times_us


def _run(
    forest: Forest, blob: bytes, code: str | None, header: str, rows: NDArray[np.int16]
) -> Iterator[tuple[str, Answers, float | None]]:
    yield "python-table", runtimes.run_plain(blob, rows), None
    for form in (None, code) if code else (None,):
        answers, runtime, us = runtimes.run_micropython(blob, rows, form)
        yield runtime, answers, us
    if cc.command():
        total = forest.total
        yield "emlearn-c", runtimes.run_c(header, rows, forest.leaves.shape[1], total), None
