"""How fast readings go into an archive and come back: `pytest -s` shows it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from sqlalchemy import Engine, insert
from tests.archive.past import START_S
from tests.counts import count

from edgewise.archive import Archive, parse_archive
from edgewise.archive.reading import ArchiveReadings
from edgewise.archive.writing import save_readings
from edgewise.database.schema import reading

READINGS = count(2_000, 500_000)


@contextmanager
def timing(what: str) -> Iterator[None]:
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    yield
    took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(f"{what}: {READINGS} readings in {took_s:.2f} s, {READINGS / took_s:,.0f} a second, "
          f"{cpu_s:.2f} s of a core")  # fmt: skip


def test_there_and_back(engine: Engine, archive_url: str) -> None:
    rng = random.Random(5)
    rows = [
        {
            "node": "attic",
            "boot": 1,
            "seq": i,
            "ts": START_S + 5.0 * i,
            "t": round(21 + rng.gauss(0, 1), 1),
            "h": round(45 + rng.gauss(0, 3), 1),
            "cls": rng.choice(["open", "closed"]),
            "p": round(rng.random(), 2),
            "late": 0,
            "received_at": START_S + 5.0 * i + rng.random(),
        }
        for i in range(READINGS)
    ]
    with engine.begin() as connection:
        connection.execute(insert(reading), rows)
    archive = Archive(parse_archive(archive_url))
    with timing(f"{archive_url}: read from SQLite, written and verified"):
        saved = list(save_readings(engine, archive))
    assert sum(month.rows for month in saved) == READINGS
    with timing(f"{archive_url}: found to be there"):
        assert not any(month.is_new for month in save_readings(engine, archive))
    readings = ArchiveReadings(archive)
    with timing(f"{archive_url}: fetched, verified and read as columns"):
        values = readings.values("attic", -np.inf, np.inf, any_clock=False)
    assert values.tolist() == [[row["ts"], row["t"], row["h"]] for row in rows]
    table = archive.read("attic", archive.parts()["attic"])
    with timing(f"{archive_url}: an Arrow table written and verified"):
        copied = archive.save("attic", "1999-12", table, [], is_checked=False)
    assert (copied.rows, copied.is_new) == (READINGS, True)
    print(f"{copied.bytes / READINGS:.1f} bytes a reading")
