"""Fit what a node says comes next, and judge it beside 'as it is now', with the node's own code.

One term: the reading plus a share of its distance from an exponential average. Slopes over 10 to
120 readings, two terms and shares of a long mean were no better on the logs of UCI, Intel and a
DHT22.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.headcheck import BAND_MAX, K_MAX, SHARE_MAX
from edgenode.core.outlook import Outlook, slots_of
from edgewise.features.table import build_table, series_slots
from edgewise.logs.log import Log
from edgewise.training.result import Forecast, Trained

__all__ = [
    "HEAD",
    "Readings",
    "a_forecast",
    "choose_outlook",
    "judge_outlook",
    "readings_of",
    "said_next",
    "with_outlook",
]

HEAD = "next"
MINUTES = (30, 60)
_AVERAGE_MIN = 30  # of the exponential average: shorter and longer ones were worse
_DAYS_MIN = 2  # fewer hold no second day to choose the band on
_FIT_SHARE = 0.7  # of each node's readings; the later ones choose
_COLD = 20  # readings after a start: an average of nothing
_BAND = 0.9  # quantile of the errors
_GAIN = 0.01  # that the formula must bring
_PAIRS_MIN = 50  # readings and what came of them, for a share or a band
_CHANNELS = ("t", "h")


@dataclass(frozen=True)
class Readings:
    """Valid readings, one node after the other.

    ``x``: int16[rows, 2], t and h in tenths; ``slot``: int[rows], periods; ``run``: int[rows],
    which stretch without a gap; ``age``: int[rows], see `edgewise.features.table.Table`;
    ``ahead``: int16[rows, 2], distance from the average in hundredths; ``place``: float[rows], 0
    at the start of its node and 1 at the end.
    """

    x: NDArray[np.int16]
    slot: NDArray[np.int64]
    run: NDArray[np.int64]
    age: NDArray[np.int64]
    ahead: NDArray[np.int16]
    place: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.slot)

    def rows(self) -> list[tuple[int, int, int, int]]:
        """Return slot, t_dc, h_pm and age of each, as a node pushes them."""
        columns = (self.slot.tolist(), *self.x.T.tolist(), self.age.tolist())
        return list(zip(*columns, strict=True))

    def pair_ahead(self, slots: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows whose future is known, and the row that each has become after
        ``slots`` periods, or right after them where a read failed."""
        span = int(self.slot.max(initial=0)) + slots + 1
        key = self.run * span + self.slot
        found = np.searchsorted(key, key + slots)
        is_known = found < len(key)
        is_known[is_known] = self.run[found[is_known]] == self.run[is_known]
        return np.flatnonzero(is_known), found[is_known]


def readings_of(log: Log, period_ms: int, max_delta: tuple[int, int], k: int) -> Readings:
    """Return the readings of a log that a node takes, unfiltered."""
    features = [f"{c}_ema_{k}" for c in _CHANNELS]
    table = build_table(log, features, [], period_ms, max_delta)
    rows, slots, places = [], [], []
    for series in log.series():
        slot = np.cumsum(np.array(series_slots(log.time_s[series], period_ms), dtype=np.int64))
        is_good = table.valid[series]
        rows.append(series[is_good])
        slots.append(slot[is_good])
        places.append(np.linspace(0, 1, int(is_good.sum())))
    row = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    return Readings(
        np.stack([log.t_dc[row], log.h_pm[row]], axis=1),
        np.concatenate([np.zeros(0, dtype=np.int64), *slots]),
        np.cumsum(table.age[row] == 1),
        table.age[row],
        table.x[row],
        np.concatenate([np.zeros(0), *places]),
    )


def choose_outlook(
    log: Log, period_ms: int, max_delta: tuple[int, int]
) -> tuple[dict[str, Any] | None, str]:
    """Return the facts of `edgenode.core.outlook` that suit a log, and a sentence.

    The share of each horizon and channel is fitted on the first 70 % of each node's readings. It
    is 0, which is 'as it is now', where the formula is not better on the later ones, whose errors
    give the band. No facts where the log is short, or where nothing is better.
    """
    k = min(K_MAX, max(1, round(math.log2(_AVERAGE_MIN * 60_000 / period_ms))))
    readings = readings_of(log, period_ms, max_delta, k)
    starts = np.flatnonzero(readings.place == 0)
    longest = int(np.diff(starts, append=len(readings)).max(initial=0))
    days = longest * period_ms / 86_400_000
    if days < _DAYS_MIN:
        return None, (
            f"no forecasts: {days:.1f} days of readings of a node, {_DAYS_MIN} are needed"
        )
    facts = {"k": k, **_fit_shares(readings, period_ms)}
    if not facts["minutes"]:
        return None, "no forecasts: too few hours without a gap"
    if not any(facts["t"] + facts["h"]):
        return None, "no forecasts: none was better than 'no change' on held-out readings"
    shares = [" and ".join(f"{share / 256:.2f}" for share in facts[c]) for c in _CHANNELS]
    return facts, (
        f"forecasts for {' and '.join(map(str, facts['minutes']))} min: the reading plus a share "
        f"of its distance from the average of about {2**k} before: temperature {shares[0]}, "
        f"humidity {shares[1]}"
    )


def _fit_shares(readings: Readings, period_ms: int) -> dict[str, list[int]]:
    # For each horizon a share and a band of each channel; none where there are too few pairs.
    facts: dict[str, list[int]] = {"minutes": []}
    facts |= {name: [] for c in _CHANNELS for name in (c, f"{c}_band")}
    for m in (m for m in MINUTES if m * 60_000 >= period_ms):
        rows, after = readings.pair_ahead(slots_of(m, period_ms))
        choices = [_choose(readings, rows, after, i) for i in range(len(_CHANNELS))]
        if None in choices:
            continue
        facts["minutes"].append(m)
        for c, choice in zip(_CHANNELS, choices, strict=True):
            share, band = choice or (0, 0)
            facts[c].append(share)
            facts[f"{c}_band"].append(band)
    return facts


def _choose(
    readings: Readings, rows: NDArray[np.int64], after: NDArray[np.int64], channel: int
) -> tuple[int, int] | None:
    # Returns share and band, None where there is too little to fit or to choose on.
    is_fit = (readings.place[after] < _FIT_SHARE) & (readings.age[rows] > _COLD)
    is_held = readings.place[rows] >= _FIT_SHARE
    if min(is_fit.sum(), is_held.sum()) < _PAIRS_MIN:
        return None
    change = 10 * (readings.x[after, channel].astype(int) - readings.x[rows, channel])
    ahead = readings.ahead[rows, channel].astype(int)
    share = _fit_share(change[is_fit], ahead[is_fit])
    remainder = change[is_held] - ((share * ahead[is_held] + 128) >> 8)
    if np.abs(remainder).mean() > (1 - _GAIN) * np.abs(change[is_held]).mean():
        share, remainder = 0, change[is_held]
    band = math.ceil(np.quantile(np.abs(remainder), _BAND))
    return share, min(band, BAND_MAX)


def _fit_share(change: NDArray[np.int64], ahead: NDArray[np.int64]) -> int:
    # The share, of 256, with the least absolute error: a weighted median of the ratios.
    moves = ahead != 0
    if not moves.any():
        return 0
    ratio, weight = change[moves] / ahead[moves], np.abs(ahead[moves])
    order = np.argsort(ratio, kind="stable")
    total = np.cumsum(weight[order])
    middle = float(ratio[order][np.searchsorted(total, total[-1] / 2)])
    return max(0, min(int(SHARE_MAX), round(256 * middle)))


def judge_outlook(
    facts: dict[str, Any], log: Log, period_ms: int, max_delta: tuple[int, int]
) -> list[Forecast]:
    """Return how right a node with these facts is on a log, for each horizon and channel.

    A forecast of every reading is judged, not only the one at a time that a node remembers.
    """
    readings = readings_of(log, period_ms, max_delta, facts["k"])
    forecasts = said_next(facts, readings, period_ms)
    judged = []
    for i, minutes in enumerate(facts["minutes"]):
        rows, after = readings.pair_ahead(slots_of(minutes, period_ms))
        if not len(rows):
            continue
        for c, channel in enumerate(_CHANNELS):
            true = 10 * readings.x[after, c].astype(int)
            errors = np.abs(true - forecasts[rows, i, c])
            unchanged = np.abs(true - 10 * readings.x[rows, c].astype(int))
            judged.append(
                Forecast(
                    channel,
                    minutes,
                    len(rows),
                    round(float(unchanged.mean()) / 100, 4),
                    round(float(errors.mean()) / 100, 4),
                    round(float((errors <= facts[f"{channel}_band"][i]).mean()), 4),
                )
            )
    return judged


def said_next(facts: dict[str, Any], readings: Readings, period_ms: int) -> NDArray[np.int64]:
    """Return int[rows, horizons, 2], what the node's code says at each reading, in hundredths."""
    outlook = Outlook(facts, None, period_ms)
    forecasts = np.zeros((len(readings), len(facts["minutes"]), 2), dtype=np.int64)
    for i, reading in enumerate(readings.rows()):
        outlook.push(*reading)
        forecasts[i, :, 0], forecasts[i, :, 1] = outlook.values
    return forecasts


def a_forecast(
    facts: dict[str, Any], log: Log, period_ms: int, max_delta: tuple[int, int]
) -> float | None:
    """Return the figure that a node reports at the end of a log; None where nothing came due."""
    outlook = Outlook(facts, None, period_ms)
    for reading in readings_of(log, period_ms, max_delta, facts["k"]).rows():
        outlook.push(*reading)
    return 1 - outlook.error / outlook.size if outlook.size else None


def with_outlook(trained: Trained, fit: Log, test: Log) -> Trained:
    """Return a training with the head for what comes next, where ``fit`` allows it."""
    facts, why = choose_outlook(fit, trained.period_ms, trained.max_delta)
    heads = trained.heads
    if facts is None:
        return replace(trained, heads=replace(heads, why=[*heads.why, why]))
    judged = judge_outlook(facts, test, trained.period_ms, trained.max_delta)
    heads = replace(heads, heads={**heads.heads, HEAD: facts}, why=[*heads.why, why])
    return replace(trained, heads=heads, forecasts=judged)
