"""Simulated sensors whose reads fail more and more, or do not: how often a date is right.

``python -m tests.health.aging 60`` prints the table of docs/health.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edgewise.health.trend import (
    FAILURE_SHARE,
    HISTORY_DAYS,
    Failing,
    Failures,
    expect_failure,
)

DAYS = 90
BEFORE = 0.01  # share of failed reads of a sensor that will age
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """How reads fail. ``reads``: of a day; ``run``: reads that fail together; ``spread``: of the
    log-odds from day to day; ``drift``: of the log-odds over days that are alike, with the
    correlation ``alike`` of one day to the next."""

    reads: int = 1440
    run: int = 1
    spread: float = 0.0
    drift: float = 0.0
    alike: float = 0.0


KINDS = {
    "a read a minute, independent": Kind(),
    "a read in ten minutes": Kind(reads=144),
    "three in a row": Kind(run=3),
    "days differ by a factor of 1.6": Kind(run=3, spread=0.5),
    "days differ by a factor of 2.7": Kind(spread=1.0),
    "a factor of 1.6, neighbouring days alike (0.7)": Kind(run=3, drift=0.5, alike=0.7),
    "a factor of 1.6, weeks alike (0.9)": Kind(run=3, drift=0.5, alike=0.9),
}


def odds(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1 - share)))


def share_of(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def fail(kind: Kind, share: Floats, rng: np.random.Generator) -> Floats:
    """Failed reads of each day, where ``share`` is that of a usual day."""
    noise = rng.normal(0, kind.spread, len(share))
    state = rng.normal(0, kind.drift)
    for i in range(len(share)):
        state = kind.alike * state + rng.normal(0, kind.drift * np.sqrt(1 - kind.alike**2))
        noise[i] += state
    runs = rng.binomial(kind.reads // kind.run, share_of(odds(share) + noise))
    return np.asarray(kind.run * runs, dtype=np.float64)


def check(kind: Kind, failed: Floats, end: int) -> Failing | None:
    """What is expected after the first ``end`` days."""
    day = np.arange(max(0, end - HISTORY_DAYS), end)
    reads = np.full(len(day), float(kind.reads))
    return expect_failure(Failures(day - (end - 1.0), reads, failed[day]))


def steady(seed: int, rng: np.random.Generator) -> Floats:
    """A sensor without a trend: a good one, or one with a bad wire."""
    return np.full(DAYS, 0.05 if seed % 3 == 0 else 0.014)


def jumped(_seed: int, rng: np.random.Generator) -> Floats:
    """A sensor whose wire came loose on a day."""
    return np.where(np.arange(DAYS) < rng.integers(30, 60), 0.014, rng.uniform(0.04, 0.14))


def aging(kind: Kind, is_line: bool, rng: np.random.Generator) -> tuple[Floats, float]:
    """The shares of a sensor that ages, and the day on which it fails."""
    begin, length = rng.integers(0, 40), rng.uniform(25, 60)
    step = np.linspace(0, 1.4, 500)  # of the way from BEFORE to FAILURE_SHARE
    before, goal = odds(np.array(BEFORE)), odds(np.array(FAILURE_SHARE))
    usual = BEFORE + (FAILURE_SHARE - BEFORE) * step
    usual = usual if is_line else share_of(before + (goal - before) * step)
    noise = rng.normal(0, 1, 2000) * np.hypot(kind.spread, kind.drift)
    mean = share_of(odds(usual)[:, None] + noise).mean(axis=1)  # days differ: the share of many
    part = np.maximum(0, np.arange(DAYS) - begin) / length
    share = np.interp(np.minimum(part, step[-1]), step, usual)
    return share, float(begin + length * np.interp(FAILURE_SHARE, mean, step))


def count_false(kind: Kind, make: object, sensors: int, step: int) -> tuple[float, float]:
    """Shares of the checks, and of the sensors in 75 days of checks, that give a date.

    A sensor gives one where two checks in a row do, as in `edgewise.health`.
    """
    checks, false, sensors_false = 0, 0, 0
    for seed in range(sensors):
        rng = np.random.default_rng(seed)
        failed = fail(kind, make(seed, rng), rng)  # type: ignore[operator]
        said = [check(kind, failed, end) is not None for end in range(15, DAYS, step)]
        checks, false = checks + len(said), false + sum(said)
        sensors_false += any(a and b for a, b in pairwise(said))
    return false / checks, sensors_false / sensors


def count_right(kind: Kind, is_line: bool, sensors: int, step: int) -> Counter[str]:
    """Counts of ``checks`` before the failure, those that ``said`` a date, whose band was
    ``right``, and of ``sensors`` with a date at all."""
    counts: Counter[str] = Counter()
    for seed in range(sensors):
        rng = np.random.default_rng(seed)
        share, fails = aging(kind, is_line, rng)
        failed = fail(kind, share, rng)
        said = 0
        for end in range(15, min(DAYS, int(fails) - 1), step):
            counts["checks"] += 1
            expected = check(kind, failed, end)
            if expected is not None:
                said += 1
                left = fails - (end - 1)
                counts["right"] += expected.days_low <= left <= expected.days_high
        counts["said"] += said
        counts["sensors"] += said > 0
    return counts


def main() -> None:
    sensors = int(sys.argv[1])
    print("| failed reads | false, of checks | of sensors | line: band, of sensors | log-odds |")
    print("|---|---|---|---|---|")
    for name, kind in KINDS.items():
        checks, false = count_false(kind, steady, sensors, 2)
        cells = [f"{checks:.2%}", f"{false:.1%}"]
        for is_line in (True, False):
            counts = count_right(kind, is_line, sensors, 4)
            band = counts["right"] / counts["said"]
            cells.append(f"{band:.0%} of {counts['said']}, {counts['sensors'] / sensors:.0%}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    checks, false = count_false(Kind(run=3, spread=0.3), jumped, sensors, 2)
    print(f"| a jump | {checks:.2%} | {false:.1%} | | |")


if __name__ == "__main__":
    main()
