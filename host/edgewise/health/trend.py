"""When the failed reads of a sensor will be too many, where they really become more.

Curves are fitted to the daily shares of failed reads: the share stays, then rises to
`FAILURE_SHARE`, as a line or as a line of its log-odds. Each curve counts by its likelihood, so
the band also holds what is unknown of the begin and the shape of the rise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAYS_MIN", "FAILURE_SHARE", "HISTORY_DAYS", "Failing", "Failures", "expect_failure"]

# More than `GAP_SLOTS` slots without a reading empty the windows of a node. With three failed
# reads of ten that happens every 51 readings on average: windows of 60 hardly ever fill.
FAILURE_SHARE = 0.3
HISTORY_DAYS = 56
DAYS_MIN = 14  # with enough reads
_FAILED_MIN = 10  # reads of all days
_AHEAD_MAX_DAYS = 56  # the length of the history
_AHEAD = np.geomspace(0.5, 448, 48)  # days until the failure that are tried
_BEGIN_STEP = 4  # days
_RISE_MIN = 7  # days that a rise must be seen
_RECENT = 3  # days with half of the trend's share: the sensor was repaired or replaced
# Wider than the 80 % of the band: in simulations where days differ by a factor of 1.6 to 2.7 they
# hold 81 to 86 % of the true days, the quantiles 0.1 and 0.9 held 50 to 67 %.
_BAND = (0.05, 0.5, 0.95)
# Twice the distance of the log-likelihood from "no trend". It is tested every day for years, so
# the limit is far above the 3.8 of a single test at 5 %.
_SURE = 20.0
_STEPS = 4  # of the fits
_SHARE_MIN, _SHARE_MAX = 1e-4, 0.98
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Failures:
    """Of each day with enough reads: ``day``: float64[n], 0 is the last one, earlier ones are
    negative; ``reads``, ``failed``: float64[n]."""

    day: Floats
    reads: Floats
    failed: Floats


@dataclass(frozen=True)
class Failing:
    """``share``: of the reads fail now, by the trend. ``days``: from the last day until
    `FAILURE_SHARE`; in 80 of 100 cases it is between ``days_low`` and ``days_high``."""

    share: float
    days: float
    days_low: float
    days_high: float


def expect_failure(known: Failures) -> Failing | None:
    """Return when the sensor fails, None where the failed reads show no trend."""
    if len(known.day) < DAYS_MIN or known.failed.sum() < _FAILED_MIN:
        return None
    y = known.failed / known.reads
    half = len(y) // 2
    if y[half:].mean() <= y[:half].mean() or y[-_RISE_MIN:].mean() >= FAILURE_SHARE:
        return None
    jump = _best_jump(known, y)
    spread = _spread(known, y, jump)
    if _gain(known, y, jump, spread) < _SURE / 2:
        return None  # a jump has most of the gain of a rise, and costs a hundredth of the time
    rises = _curves(known, y, spread)
    best = _best(rises, _likelihood(known, y, rises, spread))
    spread = _spread(known, y, best)
    fit = _likelihood(known, y, rises, spread)
    is_jump = float(_likelihood(known, y, jump, spread)) >= fit.max()
    is_over = y[-_RECENT:].mean() < best[-1] / 2
    weight = _independence(known, y, best, spread)
    if is_jump or is_over or weight * _gain(known, y, best, spread) < _SURE:
        return None
    chance = _AHEAD * np.exp(weight * (fit - fit.max())).sum(axis=(0, 1))  # each day the same
    low, middle, high = np.interp(_BAND, np.cumsum(chance) / chance.sum(), _AHEAD)
    if middle > _AHEAD_MAX_DAYS:
        return None
    return Failing(float(best[-1]), float(middle), float(low), float(high))


def _best(curves: Floats, fit: Floats) -> Floats:
    return np.asarray(curves[np.unravel_index(np.argmax(fit), fit.shape)])


def _curves(known: Failures, y: Floats, spread: float) -> Floats:
    # returns the shares float64[shapes, begins, ahead, days] of the best curve of each kind
    begin = np.arange(known.day[0], -_RISE_MIN + 1.0, _BEGIN_STEP)[:, None, None]
    part = np.maximum(known.day - begin, 0) / (_AHEAD[:, None] - begin)
    return np.stack([_line(known, y, part, spread), _odds_line(known, y, part, spread)])


def _line(known: Failures, y: Floats, part: Floats, spread: float) -> Floats:
    # share = before (1 - part) + FAILURE_SHARE part, least squares for before
    share = np.full(part.shape, y.mean())
    for _ in range(_STEPS):
        w = (1 - part) / _variance(known, share, spread)
        before = (w * (y - FAILURE_SHARE * part)).sum(-1) / (w * (1 - part)).sum(-1)
        share = _clip(before[..., None] * (1 - part) + FAILURE_SHARE * part)
    return share


def _odds_line(known: Failures, y: Floats, part: Floats, spread: float) -> Floats:
    # the same of the log-odds, by iteratively reweighted least squares
    goal = _odds(np.array(FAILURE_SHARE))
    odds = np.full(part.shape, _odds(_clip(y.mean())))
    for _ in range(_STEPS):
        share = _clip(1 / (1 + np.exp(-odds)))
        slope = share * (1 - share)
        w = (1 - part) * slope**2 / _variance(known, share, spread)
        response = _odds(share) + (y - share) / slope - goal * part
        before = (w * response).sum(-1) / (w * (1 - part)).sum(-1)
        odds = np.clip(before, -9, goal)[..., None] * (1 - part) + goal * part
    return _clip(1 / (1 + np.exp(-odds)))


def _best_jump(known: Failures, y: Floats) -> Floats:
    # returns float64[days], one share until a day and another one from then on
    n = len(y)
    jumps = _clip(
        np.array([[y[:d].mean()] * d + [y[d:].mean()] * (n - d) for d in range(2, n - 1)])
    )
    return np.asarray(jumps[np.argmax(_likelihood(known, y, jumps, _spread(known, y, _flat(y))))])


def _flat(y: Floats) -> Floats:
    return _clip(np.full(len(y), y.mean()))


def _gain(known: Failures, y: Floats, share: Floats, spread: float) -> float:
    # twice the distance of the log-likelihood from a share that stays
    fits = _likelihood(known, y, np.stack([share, _flat(y)]), spread)
    return 2 * float(fits[0] - fits[1])


def _likelihood(known: Failures, y: Floats, share: Floats, spread: float) -> Floats:
    variance = _variance(known, share, spread)
    return np.asarray(-0.5 * ((y - share) ** 2 / variance + np.log(variance)).sum(-1))


def _variance(known: Failures, share: Floats, spread: float) -> Floats:
    # of a day's share: of the draws, and from day to day (``spread``: variance of the log-odds)
    both = share * (1 - share)
    return np.asarray(both / known.reads + spread * both**2)


def _spread(known: Failures, y: Floats, share: Floats) -> float:
    # the least with which the curve's residuals are as large as expected; found by halving
    low, high = 0.0, 16.0
    for _ in range(40):
        middle = (low + high) / 2
        excess = ((y - share) ** 2 / _variance(known, share, middle)).sum() - (len(y) - 3)
        low, high = (middle, high) if excess > 0 else (low, middle)
    return high


def _independence(known: Failures, y: Floats, share: Floats, spread: float) -> float:
    # what a day counts where neighbouring days are alike: 1 for independent ones
    residual = (y - share) / np.sqrt(_variance(known, share, spread))
    total = float(residual @ residual) or 1.0
    alike = float(residual[1:] @ residual[:-1]) / total + 2 / len(y)  # short series have it low
    alike = min(max(alike, 0.0), 0.8)
    return (1 - alike) / (1 + alike)


def _odds(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1 - share)))


def _clip(share: Floats) -> Floats:
    return np.asarray(np.clip(share, _SHARE_MIN, _SHARE_MAX))
