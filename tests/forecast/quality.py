"""How wrong the forecast is: ``EDGEWISE_DATA=... python -m tests.forecast.quality``.

Each day of two public logs is forecast from the days before it, from the fourth on, and compared
with what was measured; beside it persistence: the day before, and the last hour.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from tests.forecast.days import DAY, HOUR_S

from edgewise.errors import InputError
from edgewise.forecast import outlook
from edgewise.forecast.hourly import Hourly
from edgewise.forecast.models import check_installed

DATA = Path(os.environ.get("EDGEWISE_DATA", "data"))
Rows = list[tuple[float, float, float]]  # unix time, Celsius, %RH


def office() -> Iterator[Hourly]:
    """Sixteen days of one office (UCI), its three parts in the order of time."""
    with (DATA / "uci_occupancy" / "uci_occupancy_th.csv").open() as file:
        rows: Rows = sorted(
            (
                datetime.fromisoformat(row["time"]).replace(tzinfo=UTC).timestamp(),
                float(row["temp_c"]),
                float(row["rh"]),
            )
            for row in csv.DictReader(file)
        )
    yield hourly("office", "t", [(ts, t) for ts, t, _ in rows])
    yield hourly("office", "h", [(ts, h) for ts, _, h in rows])


def motes() -> Iterator[Hourly]:
    """A week of nine rooms (Intel Lab); temperatures with an injected fault are left out."""
    values: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with gzip.open(DATA / "intel_faults_injected" / "intel_faults_mixed.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            if row["fault"] == "0":
                values[row["mote"], "t"].append((float(row["s"]), float(row["temp_c"])))
            values[row["mote"], "h"].append((float(row["s"]), float(row["rh"])))
    for (mote, channel), pairs in values.items():
        yield hourly(f"rooms {mote}", channel, pairs)


def hourly(name: str, channel: str, pairs: list[tuple[float, float]]) -> Hourly:
    hours: dict[int, list[float]] = defaultdict(list)
    for ts, value in pairs:
        hours[int(ts // HOUR_S)].append(value)
    numbers = range(min(hours), max(hours) + 1)
    y = np.array([np.mean(hours[n]) if n in hours else np.nan for n in numbers])
    return Hourly(name, channel, (np.array(numbers) + 0.5) * HOUR_S, y)


def errors_of(series: Hourly) -> Iterator[tuple[float, float, float]]:
    """Mean absolute error of the forecast, of the day before, of the last hour, for each day."""
    for end in range(3 * DAY, len(series.y) - DAY + 1, DAY):
        known, truth = series.y[:end], series.y[end : end + DAY]
        if np.isnan(truth).all() or np.isnan(known[-DAY:]).all():
            continue
        try:
            day = outlook(replace(series, ts=series.ts[:end], y=known)).ahead.yhat
        except InputError:
            continue
        last = known[~np.isnan(known)][-1]
        yield tuple(
            float(np.nanmean(np.abs(truth - guess))) for guess in (day, known[-DAY:], last)
        )  # type: ignore[misc]


def main() -> None:
    check_installed()
    errors = defaultdict(list)
    for series in (*office(), *motes()):
        errors[series.node.split()[0], series.channel] += errors_of(series)
    for (place, channel), days in errors.items():
        forecast, before, last = np.nanmean(days, axis=0)
        print(
            f"{place} {channel}: {len(days)} days, mean error {forecast:.2f}, the day before "
            f"{before:.2f}, the last hour {last:.2f}"
        )


if __name__ == "__main__":
    main()
