"""Several files as one log: one after the other, or side by side as nodes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.logs.order import period_of, series_of

__all__ = ["join_files"]

_PERIOD_RATIO = 1.2
_COPIES_SHARE = 0.05  # by chance two rooms have an equal reading in the same second


def join_files(logs: list[Log]) -> Log:
    """Return one log of several files in the order of time.

    Files without nodes whose times do not overlap go on where the one before ends; else each is a
    node with the name of its file. Raises InputError for files that hold the same readings or
    labels of two names.
    """
    if len(logs) == 1:
        return logs[0]
    _refuse_other_kinds(logs)
    _refuse_copies(logs)
    labels = {log.label_name for log in logs if log.label_name}
    if len(labels) > 1:
        raise InputError(f"labels are named {' and '.join(sorted(labels))}: name one with --label")
    ordered = sorted(logs, key=lambda log: float(log.time_s.min()))
    has_nodes = any((log.node != "").any() for log in logs)
    overlap = any(a.time_s.max() >= b.time_s.min() for a, b in pairwise(ordered))
    note = f"{len(logs)} files, one after the other"
    if overlap and not has_nodes:
        names = [Path(log.path).name.split(".")[0] for log in ordered]
        if len(set(names)) < len(names):
            raise InputError("two files of one name overlap: rename one, its name tells the node")
        ordered = [
            replace(log, node=np.full(len(log), name, dtype=object))
            for log, name in zip(ordered, names, strict=True)
        ]
        note = f"{len(logs)} files overlap: each is a node, {', '.join(names)}"
    return _concatenate(ordered, labels.pop() if labels else None, note)


def _refuse_other_kinds(logs: list[Log]) -> None:
    first = logs[0]
    for log in logs[1:]:
        if log.source.since_start != first.source.since_start:
            raise InputError(
                f"{first.path} and {log.path}: one has dates, the other counts from its start: "
                "import them one by one"
            )
        periods = sorted((log.period_ms or first.period_ms, first.period_ms or log.period_ms))
        if periods[0] and periods[1] > _PERIOD_RATIO * periods[0]:
            raise InputError(
                f"{first.path} has a reading every {first.period_ms / 1000:g} s, {log.path} every "
                f"{log.period_ms / 1000:g} s: import them one by one"
            )


def _refuse_copies(logs: list[Log]) -> None:
    seen: dict[tuple[float, int, int, str], str] = {}
    for log in logs:
        good = log.select(log.valid)
        columns = (good.time_s, good.t_dc, good.h_pm, good.node)
        found = set(zip(*(values.tolist() for values in columns), strict=True))
        again = [key for key in found if key in seen]
        if len(again) > _COPIES_SHARE * len(found):
            raise InputError(
                f"{log.path}: holds readings of {seen[again[0]]} once more: leave one file out"
            )
        seen |= dict.fromkeys(found, log.path)


def _concatenate(logs: list[Log], label_name: str | None, note: str) -> Log:
    time_s = np.concatenate([log.time_s for log in logs])
    node = np.concatenate([log.node for log in logs])
    first = logs[0]
    labels = [
        np.full(len(log), None, dtype=object) if log.label is None else log.label for log in logs
    ]
    joined = replace(
        first,
        path=", ".join(log.path for log in logs),
        time_s=time_s,
        node=node,
        t_dc=np.concatenate([log.t_dc for log in logs]),
        h_pm=np.concatenate([log.h_pm for log in logs]),
        valid=np.concatenate([log.valid for log in logs]),
        label=np.concatenate(labels) if label_name else None,
        line=np.concatenate([log.line for log in logs]),
        extra={},
        label_name=label_name,
        source=replace(first.source, notes=(*first.source.notes, note)),
    )
    for rows in series_of(node, time_s):
        if (np.diff(time_s[rows]) <= 0).any():
            raise InputError(f"{joined.path}: times overlap within a node: name it with --group")
    return replace(joined, period_ms=period_of(time_s, series_of(node, time_s)))
