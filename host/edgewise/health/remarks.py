"""Stores findings as rows with a text, and writes an event where a problem begins or is over."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, and_, delete, func, insert, select

from edgewise.database.notes import note_change
from edgewise.database.schema import health
from edgewise.health.days import DAYS, Finding
from edgewise.package.baseline import DAY_S

__all__ = ["EVENT", "Remark", "current", "save", "with_name"]

EVENT = "health"
_STORED_DAYS = 92
_CURRENT_DAYS = 3  # an older remark may not hold any more
_STREAK_MIN = {
    "neighbours": 2,
    "drift": 2,
    "psi": 2,
    "failing": 2,
}  # one such day may be weather or a visit


@dataclass(frozen=True)
class Remark:
    """A text about a node on a day (unix seconds UTC)."""

    node: str
    day: float
    text: str


def save(engine: Engine, findings: Iterable[Finding], now_s: float) -> list[Remark]:
    """Write the findings into ``health``; return what has begun, or is over (text "ok")."""
    new: list[Remark] = []
    with engine.begin() as connection:
        for (node, kind, feature), group in groupby(sorted(findings, key=_sort_key), _group_key):
            matches = list(group)
            rows = _rows(matches, now_s)
            same = health.c.node == node, health.c.kind == kind, health.c.feature == feature
            connection.execute(delete(health).where(*same, health.c.day >= rows[0]["day"]))
            connection.execute(insert(health), rows)
            if any(finding.words for finding in matches):
                about = f"{kind} {feature}".strip()
                last = rows[-1]["text"] or None
                text = note_change(connection, node, EVENT, about, last, now_s)
                new += [Remark(node, rows[-1]["day"], text)] if text else []
        connection.execute(delete(health).where(health.c.day < now_s - _STORED_DAYS * DAY_S))
    return new


def current(engine: Engine, nodes: Sequence[str], now_s: float) -> list[Remark]:
    """The current remarks about ``nodes``, the newest first."""
    c = health.c
    recent = c.node.in_(nodes), c.day > now_s - _CURRENT_DAYS * DAY_S
    newest = select(c.node, c.kind, c.feature, func.max(c.day).label("day")).where(*recent)
    last = newest.group_by(c.node, c.kind, c.feature).subquery()
    same = (c[name] == last.c[name] for name in ("node", "kind", "feature", "day"))
    query = select(c.node, c.day, c.text).join(last, and_(*same)).where(c.text != "")
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(c.day.desc(), c.kind, c.feature))
        return [Remark(*row) for row in rows]


def with_name(text: str, node: str, title: str) -> str:
    """The ``text`` of a remark about ``node``, with what people call it instead of its id."""
    if not title or title == node:
        return text
    # as the checks write it: the reads of NODE failed, what NODE measures
    place = rf"\b(of|what) {re.escape(node)} "
    return re.sub(place, lambda match: f"{match[1]} {title} ", text, count=1)


def _group_key(finding: Finding) -> tuple[str, str, str]:
    return finding.node, finding.kind, finding.feature


def _sort_key(finding: Finding) -> tuple[tuple[str, str, str], float]:
    return _group_key(finding), finding.day


def _rows(findings: list[Finding], now_s: float) -> list[dict[str, Any]]:
    # ``findings``: of one node, kind and feature, in the order of days.
    rows, streak = [], 0
    last_day = findings[0].day
    for finding in findings:
        is_next_day = finding.day - last_day <= DAY_S
        streak = (streak if is_next_day else 0) + 1 if finding.bad else 0
        last_day = finding.day
        words = finding.words if streak >= _STREAK_MIN.get(finding.kind, 1) else None
        rows.append(
            {
                "node": finding.node,
                "day": finding.day,
                "kind": finding.kind,
                "feature": finding.feature,
                "value": finding.value,
                "text": _describe_time(finding.day, streak).join(words) if words else "",
                "made_at": now_s,
            }
        )
    return rows


def _describe_time(day: float, streak: int) -> str:
    if streak >= DAYS - 1:
        return "for a week or more"
    date = time.strftime("%d %b", time.gmtime(day))
    return f"on {date} (UTC)" if streak == 1 else f"for {streak} days"
