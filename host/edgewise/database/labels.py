"""The labelled periods of a database as a log, for training."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from edgewise.database.logs import as_log
from edgewise.database.readings import DatabaseReadings, Period, Readings
from edgewise.database.schema import label
from edgewise.errors import InputError
from edgewise.features.splitting import TEST_SHARE
from edgewise.logs.log import Log

__all__ = [
    "held_out",
    "join_logs",
    "labelled_log",
    "labelled_nodes",
    "last_days",
    "log_sha256",
    "read_labelled",
    "rows_not_in",
]

_DAY_S = 86400
_CLASS_MIN = 10  # readings, to train and to test
_LEAD_S = _DAY_S  # readings before a label fill the feature windows, as on the node


def read_labelled(engine: Engine, nodes: list[str] | None = None) -> Log:
    """The readings in and around the labelled periods of a database, as `labelled_log`."""
    return labelled_log(DatabaseReadings(engine), nodes)


def labelled_log(
    readings: Readings, nodes: list[str] | None = None, since_s: float | None = None
) -> Log:
    """The readings in and around the labelled periods of ``nodes`` [all].

    A reading gets the label of the period ``from_ts <= ts < to_ts``; of two overlapping periods
    the newer one counts. Readings outside have no label. Readings without a time are left out,
    and of several with the same time all but the first. ``since_s``: only labels of the last
    seconds, counted back from the newest reading [all]. Raises InputError where a node has no
    label or there is nothing to train on.
    """
    url = readings.url
    periods = readings.labels(nodes)
    if since_s is not None and (newest_s := readings.newest_s(nodes)) is not None:
        periods = _cut(periods, newest_s - since_s)
    if nodes and (missing := sorted(set(nodes) - set(periods))):
        raise InputError(f"{url}: node {missing[0]} has no labelled period: label some first")
    if not periods:
        where = "" if since_s is None else " in this time"
        raise InputError(
            f"{url}: no labelled period{where}: label some in edgewise dashboard, then train"
        )
    parts = [_readings(readings, node, labels) for node, labels in periods.items()]
    time_s, t, h, names = (np.concatenate(column) for column in zip(*parts, strict=True))
    node = np.repeat(np.array(list(periods), dtype=object), [len(part[0]) for part in parts])
    if not any(name is not None for name in names):
        raise InputError(f"{url}: no readings in the labelled periods: label others")
    return as_log(url, node, time_s, t, h, names)


def labelled_nodes(engine: Engine) -> set[str]:
    """The nodes that have a labelled period."""
    with engine.connect() as connection:
        return set(connection.scalars(select(label.c.node).distinct()))


def _cut(periods: dict[str, list[Period]], first_s: float) -> dict[str, list[Period]]:
    late = {
        node: [replace(p, from_ts=max(p.from_ts, first_s)) for p in labels if p.to_ts > first_s]
        for node, labels in periods.items()
    }
    return {node: labels for node, labels in late.items() if labels}


def _readings(readings: Readings, node: str, labels: list[Period]) -> tuple[NDArray[Any], ...]:
    first = min(row.from_ts for row in labels) - _LEAD_S
    last = max(row.to_ts for row in labels)
    values = readings.values(node, first, last, any_clock=True)
    names = np.full(len(values), None, dtype=object)
    for row in labels:
        names[(values[:, 0] >= row.from_ts) & (values[:, 0] < row.to_ts)] = row.cls
    return values[:, 0], values[:, 1], values[:, 2], names


def held_out(log: Log) -> tuple[Log, Log]:
    """Training part and test part of ``log``.

    The test part has the last whole days of each class that hold 30 % of its readings. Where
    these days are more than half of a class, it has the last 30 % of its readings instead. Raises
    InputError for a class with fewer than ten readings.
    """
    for name, rows in _rows_of_classes(log).items():
        if len(rows) < _CLASS_MIN:
            raise InputError(
                f"{log.path}: class {name!r} has {len(rows)} readings, {_CLASS_MIN} are needed: "
                "label more of it"
            )
    is_test = last_days(log)
    return log.select(~is_test), log.select(is_test)


def last_days(log: Log) -> NDArray[np.bool_]:
    """The readings of the test part that `held_out` makes of ``log``, bool[n]."""
    is_test = np.zeros(len(log), dtype=bool)
    for rows in _rows_of_classes(log).values():
        first = int(len(rows) * (1 - TEST_SHARE))
        day = log.time_s[rows] // _DAY_S
        first_of_day = int(np.searchsorted(day, day[first]))
        is_test[rows[first_of_day if 2 * first_of_day >= len(rows) else first :]] = True
    return is_test


def _rows_of_classes(log: Log) -> dict[str, NDArray[np.int64]]:
    # The readings of each class in the order of time.
    label = np.zeros(0, dtype=object) if log.label is None else log.label
    names = sorted({str(name) for name in label if name is not None})
    rows_of = {name: np.flatnonzero(label == name) for name in names}
    return {n: rows[np.argsort(log.time_s[rows], kind="stable")] for n, rows in rows_of.items()}


def rows_not_in(log: Log, labelled: Log) -> Log:
    """The rows of ``log`` that are not in ``labelled``; InputError if the periods differ."""
    if abs(log.period_ms - labelled.period_ms) > labelled.period_ms / 10:
        raise InputError(
            f"{log.path}: a reading every {log.period_ms / 1000:g} s, every "
            f"{labelled.period_ms / 1000:g} s in {labelled.path}: train on one of them"
        )
    labelled_keys = set(_keys(labelled))
    return log.select(np.array([key not in labelled_keys for key in _keys(log)], dtype=bool))


def _keys(log: Log) -> list[tuple[str, float]]:
    return list(zip(log.node.tolist(), np.round(log.time_s, 3).tolist(), strict=True))


def join_logs(a: Log, b: Log) -> Log:
    """One log with the readings of both, each with its label."""
    columns = ("time_s", "node", "t_dc", "h_pm", "valid", "label", "line")
    joined: dict[str, Any] = {c: np.concatenate([getattr(a, c), getattr(b, c)]) for c in columns}
    return replace(a, path=f"{a.path} and {b.path}", extra={}, **joined)


def log_sha256(log: Log) -> str:
    """SHA-256 of the columns that a training reads from the log, in hex."""
    digest = hashlib.sha256()
    for column in (log.time_s, log.t_dc, log.h_pm, log.valid):
        digest.update(column.tobytes())
    names = [] if log.label is None else log.label.tolist()
    digest.update(repr((log.node.tolist(), names)).encode())
    return digest.hexdigest()
