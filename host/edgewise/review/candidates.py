"""Candidates for a label in the recent past of a node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from edgewise.database import display_url
from edgewise.database.logs import as_log
from edgewise.database.models import versions
from edgewise.database.schema import AHEAD_S, reading
from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.package.heads import is_alone
from edgewise.package.store import Package
from edgewise.review.episodes import episodes_of
from edgewise.review.proposal import UNUSUAL, Proposal, Span
from edgewise.review.windows import Answers, windows

__all__ = ["find_candidates"]

_PAST_S = 28 * 86400.0  # people forget what was before
_READINGS_MAX = 20_000  # a bound for the time: two weeks at a reading a minute
_PERIOD_RATIO = 1.2  # of the periods of a log and a model that fit


def find_candidates(
    engine: Engine, node: str, now_s: float, new: Package | None = None
) -> list[Proposal]:
    """Return the periods of ``node`` that may be worth a label, whether labelled or not.

    They are of the last four weeks before its newest reading, and of its last 20,000 readings.
    ``new``: a model that was trained and does not run on the node yet. Raises InputError for a
    detector without classes, and for a model of another period than the node's.
    """
    rows = _read_recent(engine, node, now_s)
    if not rows:
        return []
    ts, t, h, names, p = (list(column) for column in zip(*rows, strict=True))
    nodes = np.full(len(ts), node, dtype=object)
    values = [np.array(column, dtype=np.float64) for column in (ts, t, h)]
    log = as_log(display_url(engine), nodes, *values)
    period_s = log.period_ms / 1000 or 60.0
    running = _running(engine, node, log, np.array(names, dtype=object), np.array(p, np.float64))
    new_answers = _predict(new, log) if new else None
    return [
        *_episodes(engine, node, log, period_s),
        *windows(log.time_s[log.valid], period_s, running, new_answers),
    ]


def _read_recent(engine: Engine, node: str, now_s: float) -> list[Any]:
    c = reading.c
    query = (
        select(c.ts, c.t, c.h, c.cls, c.p)
        .where(c.node == node, c.ts <= now_s + AHEAD_S, c.clock.is_(None))
        .order_by(c.ts.desc())
        .limit(_READINGS_MAX)
    )
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    # in order of time, of several with the same time the first
    by_time = {row[0]: row for row in rows if row[0] > rows[0][0] - _PAST_S}
    return sorted(by_time.values())


def _running(
    engine: Engine, node: str, log: Log, names: NDArray[np.object_], p: NDArray[np.float64]
) -> Answers:
    # What the node said since its model is the one that runs now.
    history = versions(engine, node)
    names, p, time_s = names[log.valid], p[log.valid], log.time_s[log.valid]
    since_s = history[0].since if history else 0.0
    known = time_s >= since_s
    has_class = known & (names != None)  # noqa: E711 - each name
    if not has_class.any():  # a node without a model, or readings of a log
        known = np.zeros(len(names), dtype=bool)
    name = history[0].name if history else "the model"
    return Answers(name, frozenset(names[has_class].tolist()), names, p, known)


def _predict(package: Package, log: Log) -> Answers:
    from edgewise.prediction.predict import predict_log

    if is_alone(package.info):
        raise InputError(f"{package.path}: a detector without classes: name a classifier")
    ratio = log.period_ms / package.period_ms
    if log.period_ms and not 1 / _PERIOD_RATIO <= ratio <= _PERIOD_RATIO:
        raise InputError(
            f"{package.path}: made for a reading every {package.period_ms / 1000:g} s, the node "
            f"takes one every {log.period_ms / 1000:g} s: name a model that was trained on its "
            "readings"
        )
    found = predict_log(package, log)
    index, p_pc = found.cls[log.valid], found.p_pc[log.valid]
    known = index >= 0
    names = np.array([*package.classes, None], dtype=object)[index]
    p = np.where(known, p_pc / 100, np.nan)
    return Answers(package.path.name, frozenset(package.classes), names, p, known)


def _episodes(engine: Engine, node: str, log: Log, period_s: float) -> list[Proposal]:
    first_s, last_s = float(log.time_s[0]), float(log.time_s[-1])
    return [
        Proposal(
            Span(e.start, e.end + period_s),
            UNUSUAL,
            f"unusual: {e.words}" if e.words else "unusual",
            None,
            1.0,
        )
        for e in episodes_of(engine, node, first_s, last_s, period_s)
    ]
