"""Scores of several models on the same readings, none of which trained one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgewise.comparison.judged import Judged
from edgewise.logs.log import Log
from edgewise.package.store import Package

__all__ = ["compare", "find_unseen"]


def find_unseen(packages: Sequence[Package], log: Log, sha256: str) -> NDArray[np.bool_]:
    """Return which readings of ``log`` none of ``packages`` was trained on, bool[n].

    ``log``: all that the trainings had of it, since they tell pieces of many readings; ``sha256``:
    its hash in model.json. None of the readings is, where a package was made from this log and
    does not say which of them trained it. Raises InputError for a damaged package.
    """
    from edgewise.prediction.seen import seen_rows

    found = np.ones(len(log), dtype=bool)
    for package in packages:
        seen = seen_rows(package, log, sha256)
        found &= ~(seen.trained | seen.near_trained) & (not seen.is_unknown)
    return found


def compare(packages: Sequence[Package], log: Log, rows: NDArray[np.bool_]) -> list[Judged]:
    """Return each of ``packages`` with its scores on the labelled ones of ``rows``, bool[n].

    A reading counts where all models give it a class, also where one is unsure. No scores: there
    is no such reading, or the model knows none of their classes.
    """
    from edgewise.prediction.predict import predict_log

    label = np.full(len(log), None, dtype=object) if log.label is None else log.label
    rows = rows & np.array([name is not None for name in label], dtype=bool)
    indices = [predict_log(package, log).cls for package in packages]
    for index in indices:
        rows = rows & (index >= 0)
    true = label[rows].astype(str)
    return [
        _judge(package, true, np.array(package.classes, dtype=object)[index[rows]].astype(str))
        for package, index in zip(packages, indices, strict=True)
    ]


def _judge(package: Package, true: NDArray[np.str_], predicted: NDArray[np.str_]) -> Judged:
    from edgewise.training import score

    name = package.path.name
    if not set(package.classes) & set(true.tolist()):
        return Judged(name, package.classes, None)
    confusion: dict[str, dict[str, int]] = {}
    for (is_cls, says), n in Counter(zip(true.tolist(), predicted.tolist(), strict=True)).items():
        confusion.setdefault(is_cls, {})[says] = n
    return Judged(name, package.classes, score(true, predicted).as_dict(), confusion)
