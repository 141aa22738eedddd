"""Sensors by themselves: reads that fail, values that do not move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.plausible import stuck_n
from edgewise.features.table import kind_of
from edgewise.health.days import Finding, Recent

__all__ = ["failing_findings", "flat_findings"]

_READS = 20
_FAILED = 0.05  # of the reads of a day; a real DHT22 fails 1.4 % of them, up to 3 in a row
_FAILED_LEAST = 6  # two such rows prove nothing (GeoSensorWeb)
_CURES = {
    "timeout": "check its wire and its supply",
    "checksum": "shorten its wire, or put 10 kilohms from DATA to 3V3",
    "range": "look whether it is the sensor that is set",
    "bogus": "cut its supply for a moment",
    "stuck": "cut its supply for a moment",
    "spike": "keep its wire away from mains and motors",
}


def failing_findings(given: Recent) -> Iterator[Finding]:
    """Share of failed reads of each day with at least twenty."""
    for day, rows in given.days.items():
        if len(rows) < _READS:
            continue
        causes = Counter(str(err) for err in given.err[rows] if err is not None)
        share = causes.total() / len(rows)
        most = causes.most_common(1)[0][0] if causes else ""
        cure = _CURES.get(most, "look at its events")
        start = f"{share:.0%} of the reads of {given.node} failed "
        words = start, f", most of them {most}: {cure}"
        bad = share > _FAILED and causes.total() > _FAILED_LEAST
        yield Finding(given.node, day, "failed", "", share, bad, words)


def flat_findings(given: Recent) -> Iterator[Finding]:
    """The longest time of each day in which neither temperature nor humidity changed, seconds.

    Bad is half of what the node itself calls stuck, and what it called so.
    """
    log = given.log
    kind = kind_of(log.t_dc[log.valid], log.h_pm[log.valid])
    limit = stuck_n(kind, log.period_ms) // 2
    for day, rows in given.days.items():
        usable = log.valid[rows] | (given.err[rows] == "stuck")
        rows = rows[usable]
        if len(rows) < _READS:
            continue
        stuck = given.err[rows] == "stuck"
        steps = np.diff(log.t_dc[rows].astype(int)) != 0
        steps |= np.diff(log.h_pm[rows].astype(int)) != 0
        first, last = _longest_run(np.concatenate([[True], steps & ~stuck[1:] & ~stuck[:-1]]))
        flat_s = float(log.time_s[rows[last]] - log.time_s[rows[first]])
        bad = bool(stuck.any()) or last - first >= limit
        start = f"temperature and humidity of {given.node} did not change for "
        words = f"{start}{flat_s / 3600:.1f} h ", ": cut the sensor's supply for a moment"
        yield Finding(given.node, day, "flat", "", flat_s, bad, words)


def _longest_run(begins: NDArray[Any]) -> tuple[int, int]:
    # First and last row of the longest run; a run begins where ``begins``.
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(begins)) - 1
    most = int(np.argmax(ends - starts))
    return int(starts[most]), int(ends[most])
