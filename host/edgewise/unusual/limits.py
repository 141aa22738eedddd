"""Choose limits: k times a high quantile, as low as the wanted rate of false alarms allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgenode.core import decode
from edgewise.package.forest import INT16_MAX
from edgewise.training.detector import Alarms, Care, Limit
from edgewise.training.rows import Rows
from edgewise.unusual.care import care_for, least_limits
from edgewise.unusual.episodes import count_episodes

__all__ = ["Chosen", "alarms_of", "choose_limits", "days_of", "hold_out"]

QUANTILES = (0.9, 0.99, 0.999, 1.0)
_FACTORS = np.unique(np.round(1.03 ** np.arange(0, 353), 2))[::-1]  # down from 33,000 to 1
_GROUPS = 5  # of nodes, or of time in a short log
_DAYS_MIN = 4  # from which on each day is held out
_MARGIN = 60  # readings, the longest window
_DAY_S = 86400
_WEEK_DAYS = 7
# What a feature can reach: all that the sensor measures; readings without change are counted so
# far (edgenode.core.trackers).
_CEILINGS = {
    "t": 10 * (decode.T_MAX_DC - decode.T_MIN_DC),
    "h": 10 * (decode.H_MAX_PM - decode.H_MIN_PM),
}
_SINCE_MAX = 3000


@dataclass(frozen=True)
class Chosen:
    """``limits``: only those that a reading can cross; ``alarms``: on the held-out parts."""

    limits: list[Limit]
    quantile: float
    k: float
    alarms: Alarms
    care: Care


def days_of(rows: Rows, period_ms: int) -> float:
    """Return the time of the readings in days, of all nodes together; gaps do not count."""
    return len(rows.time_s) * period_ms / 1000 / _DAY_S


def alarms_of(rows: Rows, is_unusual: NDArray[np.bool_], period_ms: int) -> Alarms:
    """Return the episodes among ``rows``."""
    episodes = count_episodes(rows.time_s, rows.node, is_unusual, period_ms)
    return Alarms(episodes, round(days_of(rows, period_ms), 3))


def hold_out(rows: Rows) -> tuple[list[tuple[NDArray[np.bool_], NDArray[np.bool_]]], str]:
    """Return masks of the rows to fit on and to hold out, and their description for people.

    ``rows`` are in order of node and time.
    Whole nodes of several, else days, in a short log five blocks of time.
    """
    nodes = np.unique(rows.node.astype(str))
    if len(nodes) > 1:
        groups = [nodes[i::_GROUPS] for i in range(min(_GROUPS, len(nodes)))]
        held_out = [np.isin(rows.node.astype(str), group) for group in groups]
        text = f"{len(nodes)} whole nodes in {len(groups)} parts"
        return [(~mask, mask) for mask in held_out], text
    day = rows.time_s // _DAY_S
    days = np.unique(day)
    if len(days) >= _DAYS_MIN:
        held_out, text = [day == d for d in days], f"{len(days)} days, one after the other"
    else:
        block = np.arange(len(day)) * _GROUPS // max(1, len(day))
        held_out, text = [block == i for i in range(_GROUPS)], f"{_GROUPS} blocks of time"
    return [(_without_margin(mask), mask) for mask in held_out if mask.any()], text


def _without_margin(held_out: NDArray[np.bool_]) -> NDArray[np.bool_]:
    # Returns the rows to fit on: no window of theirs has a held-out reading, if any remain.
    first, last = np.flatnonzero(held_out)[[0, -1]]
    fit = ~held_out
    fit[max(0, first - _MARGIN) : last + 1 + _MARGIN] = False
    return fit if fit.any() else ~held_out


def choose_limits(
    rows: Rows, features: list[str], wanted_per_week: float, period_ms: int
) -> tuple[Chosen, str]:
    """Return the lowest limits with at most the wanted rate of episodes on held-out parts.

    For each quantile k is the smallest factor with that rate; of the quantiles the one whose
    limits are lowest in the geometric mean is taken. In a short log no limit is below those of
    `least_limits`. The limits come from all ``rows``, whose ``x`` has the columns ``features``.
    Also returns what was held out, for people.
    """
    parts, text = hold_out(rows)
    moves = np.flatnonzero(rows.x.max(axis=0, initial=0) > 0)
    x = rows.x[:, moves].astype(np.int64)
    names = [features[i] for i in moves]
    smallest = np.array([column[column > 0].min() for column in x.T], dtype=np.int64)
    days = days_of(rows, period_ms)
    allowed = wanted_per_week * days / _WEEK_DAYS
    care = care_for(days, wanted_per_week)
    choices: list[tuple[float, Chosen]] = []
    for quantile in QUANTILES:
        share = np.zeros(x.shape)  # of what is usual
        is_above = np.zeros(x.shape, dtype=bool)
        for fit, held_out in parts:
            share[held_out] = x[held_out] / _usual(x[fit], quantile, smallest)
            is_above[held_out] = x[held_out] > least_limits(x[fit], names, care)
        k = _smallest_factor(rows, share.max(axis=1, initial=0), allowed, period_ms)
        usual, least = _usual(x, quantile, smallest), least_limits(x, names, care)
        triples = zip(names, usual.tolist(), np.maximum(k * usual, least).tolist(), strict=True)
        limits = [_limit(*triple) for triple in triples]
        mean = float(np.mean(np.log([limit.limit for limit in limits]))) if limits else 0.0
        crossed = [limit for limit in limits if limit.limit < _ceiling(limit.feature)]
        is_unusual = np.asarray(((share > k) & is_above).any(axis=1))
        alarms = alarms_of(rows, is_unusual, period_ms)
        choices.append((mean, Chosen(crossed, quantile, k, alarms, care)))
    return min(choices, key=lambda choice: choice[0])[1], text


def _usual(
    x: NDArray[np.int64], quantile: float, smallest: NDArray[np.int64]
) -> NDArray[np.int64]:
    # A feature that is mostly zero has its smallest movement as usual.
    if not len(x):
        return smallest
    return np.maximum(np.quantile(x, quantile, axis=0, method="inverted_cdf"), smallest)


def _smallest_factor(
    rows: Rows, strength: NDArray[np.float64], allowed: float, period_ms: int
) -> float:
    best = float(_FACTORS[0])
    for k in _FACTORS:
        if count_episodes(rows.time_s, rows.node, strength > k, period_ms) > allowed:
            break
        best = float(k)
    return best


def _limit(feature: str, usual: int, above: float) -> Limit:
    limit = int(above)
    if "_range_" in feature:
        limit -= limit % 10  # a range is whole tenths
    return Limit(feature, usual, max(1, min(limit, INT16_MAX - 1)))


def _ceiling(feature: str) -> int:
    channel, kind, *_ = feature.split("_")
    return _SINCE_MAX if kind == "since" else _CEILINGS.get(channel, INT16_MAX - 1)
