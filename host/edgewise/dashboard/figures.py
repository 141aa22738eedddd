"""The seven figures of a node: some from its diag messages, some from the database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from edgewise.package.store import Package
from edgewise.review import episodes_of

__all__ = ["Figure", "figures"]

_DAY_S = 86400
_WEEK_S = 7 * _DAY_S
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
_LABEL_RECALLS = text(
    "SELECT COUNT(*), SUM(CASE WHEN r.cls = l.cls THEN 1 ELSE 0 END) FROM label l "
    "JOIN reading r ON r.node = l.node AND r.ts >= l.from_ts AND r.ts < l.to_ts "
    "WHERE l.node = :node AND r.cls IS NOT NULL GROUP BY l.cls"
)
_FORECAST = text(
    "SELECT f.yhat, (SELECT AVG(r.t) FROM reading r WHERE r.node = f.node "
    "AND r.ts >= f.ts - 1800 AND r.ts < f.ts + 1800) FROM forecast f "
    "WHERE f.node = :node AND f.channel = 't' AND f.ts BETWEEN :since AND :now"
)


@dataclass(frozen=True)
class Figure:
    """``value`` is None where it is not known yet; ``meaning`` explains the figure in a line,
    ``formula`` says how it is computed."""

    name: str
    value: float | None
    unit: str
    meaning: str
    formula: str


def figures(
    engine: Engine, node: str, diag: dict[str, Any], last_s: float, package: Package | None
) -> list[Figure]:
    """The seven figures of ``node``, and with a detector its unusual episodes.

    ``last_s``: the time of its newest reading. ``package``: that runs on it, None if unknown.
    """
    with engine.connect() as connection:
        delivered = _share(connection, _DELIVERED, node=node)
        noise = _share(connection, _NOISE, node=node, since=last_s - _DAY_S)
        recalls = _recalls(connection, node)
        forecast = _forecast(connection, node)
    return [
        _accuracy(recalls, package, diag),
        Figure(
            "Readings stored",
            None if delivered is None else 1 / delivered,
            "%",
            "of the readings that the node took",
            "E_buffer = readings in the database / readings taken",
        ),
        Figure(
            "Good reads",
            noise,
            "%",
            "of the sensor, in its last day",
            "R_noise = 1 - failed reads / all reads",
        ),
        _forecast_accuracy(forecast, diag),
        *_diag_figures(diag),
        *_unusual(engine, node, last_s, package),
    ]


def _forecast_accuracy(forecast: float | None, diag: dict[str, Any]) -> Figure:
    # Of the forecasts of the host, or else of those that the node makes itself.
    meaning = "of the temperature, in the last four weeks"
    if forecast is None and (own := _number(diag, "a_forecast")) is not None:
        forecast, meaning = own, "of the node's own forecasts, since its start"
    formula = "A_forecast = 1 - sum of |measured - forecast| / sum of |measured|"
    return Figure("Forecast accuracy", forecast, "%", meaning, formula)


def _diag_figures(diag: dict[str, Any]) -> list[Figure]:
    return [
        Figure(
            "Time of a decision",
            _number(diag, "l_infer"),
            "s",
            "of the model, on the node",
            "L_infer = tree nodes that a decision visits / visits a second",
        ),
        Figure(
            "Information",
            _number(diag, "s_feature"),
            "bit",
            "about the class, in a feature of the model",
            "S_feature = sum of use x information gain / sum of use",
        ),
        Figure(
            "Sensor data",
            _number(diag, "r_ingest"),
            "B/s",
            "that the node reads",
            "R_ingest = bytes received / time of a cycle",
        ),
    ]


def _unusual(engine: Engine, node: str, last_s: float, package: Package | None) -> list[Figure]:
    # Of a model with a detector: what it was trained to keep is beside it.
    if package is None or "detector" not in package.heads:
        return []
    wanted = package.info["detector"]["wanted_per_week"]
    n = len(episodes_of(engine, node, last_s - _WEEK_S, last_s, 1.0))
    meaning = f"in its last week, of ordinary readings at most {wanted:.2g}"
    return [Figure("Unusual episodes", n, "", meaning, "unusual episodes that the node reported")]


def _accuracy(recalls: list[float], package: Package | None, diag: dict[str, Any]) -> Figure:
    formula = "mean of the share found of each class"
    name = "Balanced accuracy"
    if recalls:
        return Figure(
            name,
            sum(recalls) / len(recalls),
            "%",
            f"on your labels of {len(recalls)} classes",
            formula,
        )
    scores = ((package.info.get("metrics") or {}).get("test") or {}) if package else {}
    if scores:
        value = float(scores["balanced_accuracy"])
        return Figure(
            name, value, "%", f"of its model, on {scores['rows']} test readings", formula
        )
    meaning = "of its model, on test readings"
    plain = _number(diag, "accuracy")
    if plain is None:
        return Figure(name, None, "%", meaning, formula)
    return Figure("Accuracy", plain, "%", meaning, "right decisions / all decisions")


def _recalls(connection: Connection, node: str) -> list[float]:
    rows = connection.execute(_LABEL_RECALLS, {"node": node})
    return [float(n_right) / float(n) for n, n_right in rows if n]


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
