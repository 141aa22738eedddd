"""The golden sequence of a model: readings of a log, and what a node says of each."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.heads import Heads
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgenode.core.records import UNSURE

__all__ = ["COLUMNS", "READINGS", "Readings", "answers", "golden_part", "read_csv", "write_csv"]

READINGS = 240  # a node with a memory is checked on so many in a row; they take 1.7 KB
COLUMNS = ("step", "t_dc", "h_pm", "class", "p_pc")
_WITH_U = (*COLUMNS, "u")
_STEP_MAX = 255
U_MAX = 255  # of an answer: one byte


@dataclass(frozen=True)
class Readings:
    """``step``: int[n], periods since the reading before, 0 for the first of a node, at most 255;
    ``t_dc``, ``h_pm``: int[n], as the sensor measured them."""

    step: NDArray[np.int64]
    t_dc: NDArray[np.int64]
    h_pm: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.step)

    def select(self, rows: NDArray[Any] | slice) -> Readings:
        """Return the rows that a mask, an index or a slice picks."""
        return Readings(self.step[rows], self.t_dc[rows], self.h_pm[rows])

    def rows(self) -> list[tuple[int, int, int]]:
        """Return step, t_dc, h_pm of each; a step of 0 within starts again, as after an outage."""
        step = np.minimum(np.where(self.step > 0, self.step, _STEP_MAX), _STEP_MAX)
        return list(zip(step.tolist(), self.t_dc.tolist(), self.h_pm.tolist(), strict=True))


def answers(blob: bytes, readings: Readings) -> list[tuple[int, ...]]:
    """Return class index and percent of each reading by a node that starts with the first.

    The index is `edgenode.core.records.UNSURE`, the percent 0, where it says no class. With a
    detector u follows, in percent of a limit, at most 255.
    """
    model = Model(blob)
    pipeline = Pipeline(model.features, model.contract["filters"])
    heads = Heads(model)
    slot = 0
    found: list[tuple[int, ...]] = []
    for step, t_dc, h_pm in readings.rows():
        slot += step
        cls = heads.push(pipeline.push(slot, t_dc, h_pm), pipeline.age)
        answer = (cls, 0 if cls == UNSURE else heads.p_pc)
        found.append((*answer, min(heads.u, U_MAX)) if heads.detector else answer)
    return found


def golden_part(blob: bytes, readings: Readings) -> Readings:
    """Return the `READINGS` in a row in which the class changes most often; all of fewer."""
    if len(readings) <= READINGS:
        return readings
    classes = np.array([answer[0] for answer in answers(blob, readings)])
    changes = np.cumsum(np.append(0, classes[1:] != classes[:-1]))
    start = int(np.argmax(changes[READINGS - 1 :] - changes[: 1 - READINGS]))
    return readings.select(slice(start, start + READINGS))


def write_csv(readings: Readings, expected: list[tuple[int, ...]]) -> bytes:
    """Return the CSV of a golden sequence; the class is an index."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(_WITH_U if expected and len(expected[0]) > 2 else COLUMNS)
    out.writerows([*row, *answer] for row, answer in zip(readings.rows(), expected, strict=True))
    return text.getvalue().encode()


def read_csv(data: bytes) -> tuple[Readings, list[tuple[int, ...]]]:
    """Return what `write_csv` wrote; ValueError for anything else."""
    head, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    values = np.array(rows, dtype=np.int64).reshape(-1, len(head))
    if tuple(head) not in (COLUMNS, _WITH_U) or not len(values):
        raise ValueError(f"columns {', '.join(COLUMNS)} and a row expected")
    step, t_dc, h_pm, *said = values.T
    limits = ((0, 255), (-400, 800), (0, 1000), (0, 255), (0, 100), (0, U_MAX))
    ranges = zip(values.T, limits, strict=False)
    if any((column < low).any() or (column > high).any() for column, (low, high) in ranges):
        raise ValueError("a value out of range")
    return Readings(step, t_dc, h_pm), [tuple(row) for row in np.transpose(said).tolist()]
