"""The seven figures of a node: some from its diag messages, some from the database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

__all__ = ["Figure", "figures"]

_DAY_S = 86400
_FOUR_WEEKS_S = 28 * _DAY_S
# Counts only readings after the newest row of reading_hour: before it, only labelled readings
# are left.
_DELIVERED = text(
    "SELECT SUM(n), SUM(most) FROM (SELECT COUNT(*) AS n, MAX(seq) - MIN(seq) + 1 AS most "
    "FROM reading WHERE node = :node AND (ts IS NULL OR ts >= "
    "(SELECT COALESCE(MAX(hour_ts) + 3600, 0) FROM reading_hour WHERE node = :node)) "
    "GROUP BY boot) AS boots"
)
_NOISE = text(
    "SELECT COUNT(*), SUM(CASE WHEN err IS NULL THEN 1 ELSE 0 END) FROM reading "
    "WHERE node = :node AND ts > :since"
)
_LABEL_ACCURACY = text(
    "SELECT COUNT(*), SUM(CASE WHEN r.cls = l.cls THEN 1 ELSE 0 END) FROM label l "
    "JOIN reading r ON r.node = l.node AND r.ts >= l.from_ts AND r.ts < l.to_ts "
    "WHERE l.node = :node AND r.cls IS NOT NULL"
)
_FORECAST = text(
    "SELECT f.yhat, (SELECT AVG(r.t) FROM reading r WHERE r.node = f.node "
    "AND r.ts >= f.ts - 1800 AND r.ts < f.ts + 1800) FROM forecast f "
    "WHERE f.node = :node AND f.channel = 't' AND f.ts BETWEEN :since AND :now"
)


@dataclass(frozen=True)
class Figure:
    """``value`` is None where it is not known yet; ``meaning`` explains the figure in a line."""

    name: str
    value: float | None
    unit: str
    meaning: str


def figures(engine: Engine, node: str, diag: dict[str, Any], last_s: float) -> list[Figure]:
    """The seven figures of ``node``; ``last_s`` is the time of its newest reading."""
    with engine.connect() as connection:
        delivered = _share(connection, _DELIVERED, node=node)
        noise = _share(connection, _NOISE, node=node, since=last_s - _DAY_S)
        label_accuracy = _share(connection, _LABEL_ACCURACY, node=node)
        forecast = _forecast(connection, node)
    forecast_meaning = "temperature, as forecast in the last four weeks"
    if forecast is None and (said := _number(diag, "a_forecast")) is not None:
        forecast, forecast_meaning = said, "as the node forecast since its start"
    buffer = None if delivered is None else 1 / delivered
    accuracy_meaning = (
        "on your labels" if label_accuracy is not None else "of its model, on test data"
    )
    accuracy = label_accuracy if label_accuracy is not None else _number(diag, "accuracy")
    return [
        Figure("R_ingest", _number(diag, "r_ingest"), "B/s", "bytes read from the sensor"),
        Figure("E_buffer", buffer, "%", "readings in the database of those taken"),
        Figure("R_noise", noise, "%", "good reads of the last day"),
        Figure("S_feature", _number(diag, "s_feature"), "bit", "information in the features"),
        Figure("L_infer", _number(diag, "l_infer"), "s", "one decision, from visits and speed"),
        Figure("A_forecast", forecast, "%", forecast_meaning),
        Figure("Accuracy", accuracy, "%", accuracy_meaning),
    ]


def _number(values: dict[str, Any], key: str) -> float | None:
    value = values.get(key)
    return float(value) if isinstance(value, (int, float)) else None


def _share(connection: Connection, query: Any, **parameters: Any) -> float | None:
    n, good = connection.execute(query, parameters).one()
    return float(good) / float(n) if n else None


def _forecast(connection: Connection, node: str) -> float | None:
    now = time.time()
    rows = connection.execute(_FORECAST, {"node": node, "since": now - _FOUR_WEEKS_S, "now": now})
    pairs = [(predicted, actual) for predicted, actual in rows if actual is not None]
    size = sum(abs(actual) for _, actual in pairs)
    error = sum(abs(actual - predicted) for predicted, actual in pairs)
    return 1 - error / size if size else None
