"""Rows of reading_hour: an hour of a node, to which readings are added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from edgewise.collector.storing import dialect_of
from edgewise.database.schema import reading_hour

__all__ = ["add_to_hour"]


def add_to_hour(connection: Connection, node: str, hour_ts: int, rows: Sequence[Any]) -> None:
    """Add ``rows`` of the table reading to the hour of ``node`` that begins at ``hour_ts``."""
    hour = _hour_row(node, hour_ts, rows)
    old_hour = connection.execute(
        select(reading_hour).where(reading_hour.c.node == node, reading_hour.c.hour_ts == hour_ts)
    ).first()
    if old_hour is not None:
        hour = _join(dict(old_hour._mapping), hour)
    statement = dialect_of(connection).insert(reading_hour).values(hour)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["node", "hour_ts"], set_=hour)
    )


def _hour_row(node: str, hour_ts: int, rows: Sequence[Any]) -> dict[str, Any]:
    good = [row for row in rows if row["err"] is None]
    hour: dict[str, Any] = {"node": node, "hour_ts": hour_ts, "n": len(rows)}
    hour["failed"] = len(rows) - len(good)
    for c in "th":
        values = [row[c] for row in good]
        hour[f"{c}_min"] = min(values, default=None)
        hour[f"{c}_mean"] = sum(values) / len(values) if values else None
        hour[f"{c}_max"] = max(values, default=None)
    classes = Counter(row["cls"] for row in good if row["cls"] is not None)
    hour["cls"] = classes.most_common(1)[0][0] if classes else None
    return hour


def _join(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    # Joins two parts of an hour; the class is that of the part with more good readings.
    good_a, good_b = a["n"] - a["failed"], b["n"] - b["failed"]
    if not good_a or not good_b:
        return {**(a if good_a else b), "n": a["n"] + b["n"], "failed": a["failed"] + b["failed"]}
    joined = {**(a if good_a >= good_b else b)}
    joined |= {"n": a["n"] + b["n"], "failed": a["failed"] + b["failed"]}
    for c in "th":
        joined[f"{c}_min"] = min(a[f"{c}_min"], b[f"{c}_min"])
        joined[f"{c}_max"] = max(a[f"{c}_max"], b[f"{c}_max"])
        means = good_a * a[f"{c}_mean"] + good_b * b[f"{c}_mean"]
        joined[f"{c}_mean"] = means / (good_a + good_b)
    return joined
