"""Run the checks of the node on a real log of three sensors, with and without injected faults."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgenode.core import decode, plausible
from edgewise.errors import InputError
from edgewise.features.table import LEAST_DELTA, series_slots
from edgewise.simulator.feed import encode

__all__ = ["SENSORS", "Figures", "SensorLog", "figures", "inject", "read", "verdicts"]

SENSORS = {"dht22": "dht22", "dht11a": "dht11", "dht11b": "dht11"}  # column prefix -> kind
_FAULT_SHARE = 0.02  # of the good readings, for each kind of fault
_SPIKE_DC = 200
_BOGUS = ((10, 10), (0, 10), (0, 0))  # t_dc, h_pm


@dataclass(frozen=True)
class SensorLog:
    """One sensor of the log. ``slot``: periods since the first row, for each row; ``frames``: five
    bytes for each row, None for a failed read."""

    name: str
    kind: str
    period_ms: int
    slot: list[int]
    frames: list[bytes | None]

    def limits(self) -> plausible.Plausible:
        """Return the checks of a node with this sensor and the model of an ordinary room."""
        return plausible.Plausible(LEAST_DELTA, plausible.stuck_n(self.kind, self.period_ms))


@dataclass(frozen=True)
class Figures:
    """``r_noise``: 1 - (failed + refused) / total; ``false_rejections``: refused good readings /
    good readings; ``caught``: refused share of the injected faults, by kind; ``collateral``: in
    the log with injected faults, refused good readings / good readings."""

    sensor: str
    total: int
    failed: int
    refused: int
    r_noise: float
    false_rejections: float
    caught: dict[str, float]
    collateral: float


def read(path: Path) -> list[SensorLog]:
    """Return the sensors of a log with the columns time, <sensor>_t (C) and <sensor>_rh (%).

    Raises InputError where a column is missing or a cell is neither a number nor ERROR.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        time_s = np.array(
            [datetime.fromisoformat(r["time"]).replace(tzinfo=UTC).timestamp() for r in rows]
        )
        cells = {s: [_frame(r[s + "_t"], r[s + "_rh"], k) for r in rows] for s, k in _sensors()}
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): name the log") from e
    except (KeyError, TypeError, ValueError) as e:
        raise InputError(f"{path}: not a log of {', '.join(SENSORS)} ({e}): name another") from e
    if len(time_s) < 2:
        raise InputError(f"{path}: fewer than two rows: name another")
    period_ms = round(float(np.median(np.diff(time_s))) * 1000)
    slot = np.cumsum(series_slots(time_s, period_ms)).tolist()
    return [SensorLog(s, kind, period_ms, slot, cells[s]) for s, kind in _sensors()]


def _sensors() -> list[tuple[str, str]]:
    return list(SENSORS.items())


def _frame(celsius: str, percent: str, kind: str) -> bytes | None:
    if "ERROR" in (celsius, percent):
        return None
    return encode(round(float(celsius) * 10), round(float(percent) * 10), kind)


def verdicts(log: SensorLog, limits: plausible.Plausible) -> list[int]:
    """Return the code of `edgenode.core.decode` that the node gives to each row."""
    decoder = decode.Decoder(log.kind)
    values = [0, 0]
    codes = []
    for slot, frame in zip(log.slot, log.frames, strict=True):
        code = decode.TIMEOUT if frame is None else decoder.decode(frame, values)
        codes.append(int(code or limits.check(slot, *values)))
    return codes


def inject(log: SensorLog, seed: int) -> tuple[SensorLog, dict[str, NDArray[np.int64]]]:
    """Return the log with injected faults, and their rows by kind.

    Each kind is in 2 % of the good rows. "bogus": a frame that a sensor without a measurement
    sends; "spike": a temperature 20 C off; "checksum": a single wrong bit.
    """
    rng = np.random.default_rng(seed)
    good = np.array([i for i, frame in enumerate(log.frames) if frame is not None])
    count = int(_FAULT_SHARE * len(good))
    samples = rng.choice(good, (3, count), replace=False)
    rows = dict(zip(("bogus", "spike", "checksum"), np.sort(samples, axis=1), strict=True))
    frames = list(log.frames)
    decoder = decode.Decoder(log.kind)
    for i in rows["bogus"]:
        frames[i] = encode(*_BOGUS[rng.integers(len(_BOGUS))], log.kind)
    for i in rows["spike"]:
        values = [0, 0]
        decoder.decode(frames[i], values)
        t_dc = values[0] + _SPIKE_DC * int(rng.choice((-1, 1)))
        frames[i] = encode(t_dc, values[1], log.kind)
    for i in rows["checksum"]:
        bit = int(rng.integers(40))
        frames[i] = (int.from_bytes(log.frames[i] or b"", "big") ^ 1 << bit).to_bytes(5, "big")
    return SensorLog(log.name, log.kind, log.period_ms, log.slot, frames), rows


def figures(log: SensorLog, seed: int = 0) -> Figures:
    """Return what the checks refuse, in the log itself and with faults from `inject`."""
    codes = np.array(verdicts(log, log.limits()))
    failed = int(sum(frame is None for frame in log.frames))
    refused = int(np.count_nonzero(codes)) - failed
    faulty, rows = inject(log, seed)
    is_refused = np.array(verdicts(faulty, faulty.limits())) != decode.OK
    is_good = np.array([frame is not None for frame in log.frames])
    is_good[np.concatenate(list(rows.values()))] = False
    return Figures(
        log.name,
        len(codes),
        failed,
        refused,
        1 - (failed + refused) / len(codes),
        refused / (len(codes) - failed),
        {kind: float(is_refused[fault_rows].mean()) for kind, fault_rows in rows.items()},
        float(is_refused[is_good].mean()),
    )
