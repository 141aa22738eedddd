"""The feed of the simulated DHT22: five raw bytes a row, or no answer."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgewise.features.table import series_slots
from edgewise.logs.log import Log
from edgewise.toolchain.board.frames import encode

__all__ = ["FAILED_READS", "degrade", "encode", "ending_at", "pack_row", "parts_of", "write_feed"]

# A real DHT22 next to two DHT11 for ten hours: 1.4 % of the reads failed, in bursts of up to 3.
FAILED_READS = 0.014
_BURSTS = {1: 0.7, 2: 0.2, 3: 0.1}
_ROW = "<IHB5s"  # unix seconds, periods to the next row, 1 for no answer, frame
_CHECKSUM_SHARE = 0.2


def degrade(log: Log, seed: int, rate: float = FAILED_READS) -> Log:
    """Return the same log with failed reads, in bursts like those of a real sensor."""
    rng = np.random.default_rng(seed)
    lengths = list(_BURSTS)
    mean = sum(n * p for n, p in _BURSTS.items())
    valid = log.valid.copy()
    for start in np.flatnonzero(rng.random(len(valid)) < rate / mean):
        valid[start : start + rng.choice(lengths, p=list(_BURSTS.values()))] = False
    return replace(log, valid=valid)


def ending_at(log: Log, unix_s: float) -> Log:
    """Return the same log, moved in time so that its last reading is at ``unix_s``."""
    return replace(log, time_s=np.floor(log.time_s + (unix_s - log.time_s[-1])))


def parts_of(series: list[Log], length_s: float) -> list[Log]:
    """Return parts of that length of each series, the last first, without those half empty."""
    parts = []
    for log in series:
        age = (log.time_s[-1] - log.time_s) // length_s
        parts += [(k, log.select(age == k)) for k in np.unique(age)]
    rows_min = max(len(part) for _, part in parts) / 2
    return [part for _, part in sorted(parts, key=lambda p: p[0]) if len(part) >= rows_min]


def write_feed(log: Log, path: Path, period_ms: int, seed: int) -> None:
    """Write the log of one node as a feed; a failed read is no answer or a garbled frame."""
    rng = np.random.default_rng(seed)
    garbled: NDArray[np.bool_] = rng.random(len(log.valid)) < _CHECKSUM_SHARE
    steps = [*series_slots(log.time_s, period_ms)[1:], 1]
    with path.open("wb") as out:
        for i, step in enumerate(steps):
            frame = encode(int(log.t_dc[i]), int(log.h_pm[i])) if log.valid[i] else b"\0\0\0\0\1"
            silent = not (log.valid[i] or garbled[i])
            out.write(pack_row(int(log.time_s[i]), frame, min(step, 0xFFFF), silent))


def pack_row(unix_s: int, frame: bytes, periods: int = 1, silent: bool = False) -> bytes:
    """Return a row of a feed; ``periods``: from this row to the next."""
    return struct.pack(_ROW, unix_s, periods, silent, frame)
