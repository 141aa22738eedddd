"""Whether the failed reads of a node become more day by day, and when they are too many."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select

from edgewise.database.schema import AHEAD_S, reading, reading_hour
from edgewise.health.days import READS_MIN, Finding
from edgewise.health.trend import (
    DAYS_MIN,
    FAILURE_SHARE,
    HISTORY_DAYS,
    Failing,
    Failures,
    expect_failure,
)
from edgewise.package.baseline import DAY_S

__all__ = ["Failure", "find_failing"]

_TICK_S = 1e-3  # a reading at midnight belongs to the day that begins
_RECENT_DAYS = 3
_FAR_DAYS = 120  # a later end of the band says no more than "later"


@dataclass(frozen=True)
class Failure:
    """``share``: of the reads fail now, by the trend. ``at``: the day on which `FAILURE_SHARE` of
    them will, between ``low`` and ``high`` in 80 of 100 cases; unix seconds, midnight UTC."""

    share: float
    at: float
    low: float
    high: float


def find_failing(engine: Engine, node: str, now_s: float) -> tuple[list[Finding], Failure | None]:
    """Findings for the last two whole days, and the failure that both of them expect.

    No findings where the history is short, or where the last days have few reads.
    """
    table = _count(engine, node, now_s)
    findings: list[Finding] = []
    failures: list[Failure | None] = []
    for past in (table[:-1], table):
        if len(past) < DAYS_MIN or past[-1, 0] < now_s - _RECENT_DAYS * DAY_S:
            return [], None
        day_s = float(past[-1, 0])
        expected = expect_failure(Failures((past[:, 0] - day_s) / DAY_S, past[:, 1], past[:, 2]))
        failures.append(_failure(expected, day_s) if expected else None)
        share = expected.share if expected else float(past[-1, 2] / past[-1, 1])
        words = (_describe(node, failures[-1]),)
        findings.append(Finding(node, day_s, "failing", "", share, expected is not None, words))
    return findings, failures[-1] if failures[0] else None


def _count(engine: Engine, node: str, now_s: float) -> NDArray[np.float64]:
    # returns float64[days, 3]: begin, reads and failed reads of whole days with enough of them
    today_s = now_s // DAY_S * DAY_S
    first_s = today_s - HISTORY_DAYS * DAY_S
    # round(), moved by half a day, stands for floor(), which not every SQLite has
    number = func.round((reading.c.ts - DAY_S / 2 + _TICK_S) / DAY_S)
    new = (
        select(number, func.count(), func.count(reading.c.err))
        .where(
            reading.c.node == node,
            reading.c.ts >= first_s,
            reading.c.ts < today_s,
            reading.c.ts <= reading.c.received_at + AHEAD_S,
        )
        .group_by(number)
    )
    c = reading_hour.c
    folded = select(c.hour_ts, c.n, c.failed).where(
        c.node == node, c.hour_ts >= first_s, c.hour_ts < today_s
    )
    counts: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    with engine.connect() as connection:
        for day, n, n_failed in connection.execute(new):
            counts[int(day)] += n
            failed[int(day)] += n_failed
        for hour_ts, n, n_failed in connection.execute(folded):
            counts[int(hour_ts // DAY_S)] += n
            failed[int(hour_ts // DAY_S)] += n_failed
    rows = [(day * DAY_S, counts[day], failed[day]) for day in sorted(counts)]
    return np.array([row for row in rows if row[1] >= READS_MIN], dtype=np.float64).reshape(-1, 3)


def _failure(expected: Failing, day_s: float) -> Failure:
    at, low, high = (
        day_s + np.rint(days) * DAY_S
        for days in (expected.days, expected.days_low, expected.days_high)
    )
    return Failure(expected.share, float(at), float(low), float(high))


def _describe(node: str, failure: Failure | None) -> str:
    if failure is None:
        return ""
    at, low, high = (
        time.strftime("%d %b", time.gmtime(s)) for s in (failure.at, failure.low, failure.high)
    )
    is_far = failure.high > failure.at + _FAR_DAYS * DAY_S
    band = f"{low} or much later" if is_far else f"{low} to {high}"
    return (
        f"more and more reads of {node} fail, {failure.share:.0%} now and {FAILURE_SHARE:.0%} "
        f"about {at} ({band}): check its wire and its supply, or replace its sensor before"
    )
