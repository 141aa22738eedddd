"""Checks of a single sensor: failed reads, and values that do not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.plausible import stuck_n
from edgewise.features.table import kind_of
from edgewise.health.days import READS_MIN, Finding, Recent

__all__ = ["failing_findings", "flat_findings"]

_FAILED_SHARE = 0.05  # of a day's reads; a real DHT22 fails 1.4 % of them, up to 3 in a row
_FAILED_MIN = 6  # two such series of 3 prove nothing (GeoSensorWeb)
_CURES = {
    "timeout": "check its wire and its supply",
    "checksum": "shorten its wire, or put 10 kilohms from DATA to 3V3",
    "range": "look whether it is the sensor that is set",
    "bogus": "cut its supply for a moment",
    "stuck": "cut its supply for a moment",
    "spike": "keep its wire away from mains and motors",
}


def failing_findings(recent: Recent) -> Iterator[Finding]:
    """The share of failed reads, for each day with enough reads to judge it."""
    for day, rows in recent.days.items():
        if len(rows) < READS_MIN:
            continue
        causes = Counter(str(err) for err in recent.err[rows] if err is not None)
        share = causes.total() / len(rows)
        main_cause = causes.most_common(1)[0][0] if causes else ""
        cure = _CURES.get(main_cause, "look at its events")
        start = f"{share:.0%} of the reads of {recent.node} failed "
        words = start, f", most of them {main_cause}: {cure}"
        is_bad = share > _FAILED_SHARE and causes.total() > _FAILED_MIN
        if share > _FAILED_SHARE and not is_bad:
            continue  # too few to judge, as in the first hour of a day
        yield Finding(recent.node, day, "failed", "", share, is_bad, words)


def flat_findings(recent: Recent) -> Iterator[Finding]:
    """The longest time without a change of temperature or humidity, for each day, in seconds.

    A day is bad if that is half of the time after which the node reports "stuck", or if the node
    reported it.
    """
    log = recent.log
    kind = kind_of(log.t_dc[log.valid], log.h_pm[log.valid])
    limit = stuck_n(kind, log.period_ms) // 2
    for day, rows in recent.days.items():
        is_usable = log.valid[rows] | (recent.err[rows] == "stuck")
        rows = rows[is_usable]
        if len(rows) < READS_MIN:
            continue
        is_stuck = recent.err[rows] == "stuck"
        steps = np.diff(log.t_dc[rows].astype(int)) != 0
        steps |= np.diff(log.h_pm[rows].astype(int)) != 0
        first, last = _longest_run(
            np.concatenate([[True], steps & ~is_stuck[1:] & ~is_stuck[:-1]])
        )
        flat_s = float(log.time_s[rows[last]] - log.time_s[rows[first]])
        is_bad = bool(is_stuck.any()) or last - first >= limit
        start = f"temperature and humidity of {recent.node} did not change for "
        words = f"{start}{flat_s / 3600:.1f} h ", ": cut the sensor's supply for a moment"
        yield Finding(recent.node, day, "flat", "", flat_s, is_bad, words)


def _longest_run(is_start: NDArray[Any]) -> tuple[int, int]:
    # returns first and last row of the longest run; a run begins where ``is_start``
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], len(is_start)) - 1
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])
