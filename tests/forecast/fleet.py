"""How long a fleet takes: ``python -m tests.forecast.fleet --nodes 1000`` prints time and memory.

It fills a SQLite file with rooms of four weeks, a reading every five minutes, some of them with a
fault, and runs ``edgewise forecast`` on it: at first, again within the day, and a day later.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.forecast.days import DAY, HOUR_S, START_S

from edgewise.database import open_db

DAY_S = DAY * HOUR_S
COLUMNS = ("node", "boot", "seq", "ts", "t", "h", "err", "late", "received_at")
FAULTS = {3: "constant", 5: "a day", 7: "an outage", 11: "failed reads"}


def room(
    seed: int, first_s: int, end_s: int, step_s: int = 300
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Unix times, Celsius and %RH of room ``seed`` between two times, the same for each call."""
    rng = np.random.default_rng(seed)
    size, phase, load, slow = rng.uniform([0.5, -3, 0.0, 0.1], [3.0, 3, 2.5, 0.5])
    days = np.arange(0, 60 * DAY_S, step_s)
    weather = np.cumsum(rng.normal(0, slow * np.sqrt(step_s / DAY_S), len(days)))
    ts = START_S + days
    hour = (days / HOUR_S + phase) % DAY
    is_workday = (days // DAY_S) % 7 < 5
    t = 21 + size * np.sin(2 * np.pi * (hour - 9) / DAY) + weather
    t += load * is_workday * ((hour > 8) & (hour < 17)) + rng.normal(0, 0.1, len(days))
    h = 45 - 2 * (t - 21) + 4 * np.cumsum(rng.normal(0, slow * 0.1, len(days))) / 10
    wanted = (ts >= first_s) & (ts < end_s)
    return ts[wanted], np.round(t[wanted], 1), np.round(np.clip(h, 5, 95)[wanted], 1)


def rows_of(seed: int, first_s: int, end_s: int, step_s: int) -> Iterator[tuple[Any, ...]]:
    """Rows of COLUMNS of room ``seed``; FAULTS says what is wrong with some rooms."""
    ts, t, h = room(seed, first_s, end_s, step_s)
    fault = FAULTS.get(seed % 100)
    if fault == "constant":
        t[:], h[:] = 20, 50
    if fault == "a day":
        ts, t, h = (values[-(DAY_S // step_s) :] for values in (ts, t, h))
    if fault == "an outage":
        ts, t, h = (np.delete(a, slice(len(a) // 3, len(a) // 2)) for a in (ts, t, h))
    for at, c, rh in zip(ts.tolist(), t.tolist(), h.tolist(), strict=True):
        has_failed = fault == "failed reads" and at // step_s % 7 < 5
        values = (None, None, "timeout") if has_failed else (c, rh, None)
        yield f"room{seed:04d}", 1, (at - START_S) // step_s, at, *values, 0, at


def fill(db: str, nodes: int, first_s: int, end_s: int, step_s: int = 300) -> None:
    """Write the readings of ``nodes`` rooms between two times into the database."""
    engine = open_db(db)
    insert = f"INSERT INTO reading ({', '.join(COLUMNS)}) VALUES (?{', ?' * (len(COLUMNS) - 1)})"
    for seed in range(nodes):
        rows = list(rows_of(seed, first_s, end_s, step_s))
        if rows:
            with engine.begin() as connection:
                connection.exec_driver_sql(insert, rows)
    engine.dispose()


def measure(db: str, title: str, *arguments: str) -> float:
    """Run ``edgewise forecast`` and print its seconds and those of the processor."""
    command = [sys.executable, "-m", "edgewise.cli.main", "forecast", "--db", db, *arguments]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    elapsed_s = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size_mb = after.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)
    print(
        f"{title}: {elapsed_s:.0f} s, processor {cpu_s:.0f} s, largest process so far "
        f"{size_mb:.0f} MB, exit {result.returncode}; last line: "
        f"{(result.stderr.splitlines() or [''])[-1]}",
        flush=True,
    )
    return elapsed_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--step", type=int, default=300, metavar="SECONDS")
    parser.add_argument("--db", type=Path, help="keep the database here and use it again")
    parser.add_argument("--prophet", default="auto")
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        path = options.db or Path(folder) / "fleet.db"
        db, end_s = f"sqlite:///{path}", START_S + options.days * DAY_S - DAY_S // 2
        if not path.exists():
            fill(db, options.nodes, START_S, end_s, options.step)
        print(f"{options.nodes} nodes of {options.days} days: {path.stat().st_size >> 20} MB")
        measure(db, "first run", "--prophet", options.prophet)
        fill(db, options.nodes, end_s, end_s + HOUR_S, options.step)
        measure(db, "an hour later", "--prophet", options.prophet)
        fill(db, options.nodes, end_s + HOUR_S, end_s + DAY_S + HOUR_S, options.step)
        measure(db, "a day later", "--prophet", options.prophet)


if __name__ == "__main__":
    main()
