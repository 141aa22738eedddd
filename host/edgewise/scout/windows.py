"""Windows of a log that end at labelled readings, beside the catalogue's features of these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import InputError
from edgewise.features.table import Filters, max_delta
from edgewise.logs.log import Log
from edgewise.training.pool import WINDOWS
from edgewise.training.rows import Rows, classes_of
from edgewise.training.sequence import sequence_of

__all__ = ["CHANNELS", "LENGTH", "Windows", "windows_of"]

LENGTH = max(WINDOWS)  # readings; the catalogue looks back as far
_COUNT_MAX = 1000  # windows: a minute of tsfresh
_COUNT_MIN = 200
CHANNELS = ("t", "h")


@dataclass(frozen=True)
class Windows:
    """``rows``: the catalogue's features ``names`` of n readings, with their classes; ``values``:
    channel -> float64[n, LENGTH], the last readings up to each, filtered, in Celsius and %RH."""

    rows: Rows
    names: list[str]
    classes: list[str]
    values: dict[str, NDArray[np.float64]]


def windows_of(log: Log, names: list[str], filters: Filters) -> Windows:
    """Return at most 1,000 windows, evenly spread over the labelled readings.

    InputError for an unknown feature, and for a log with fewer than 200 labelled readings that
    have a whole window before them.
    """
    classes = classes_of(log, log)
    levels = [f"{channel}_level" for channel in CHANNELS]
    columns = list(dict.fromkeys([*names, *levels]))
    try:
        whole = sequence_of(log, columns, filters, log.period_ms, max_delta(log), classes)
    except ValueError as e:
        raise InputError(f"--features: {e}") from e
    ends = np.flatnonzero((whole.y >= 0) & (whole.age >= LENGTH))
    if len(ends) < _COUNT_MIN:
        raise InputError(
            f"{log.path}: {len(ends)} labelled readings with {LENGTH} readings before them, "
            f"{_COUNT_MIN} are needed: record longer or label more"
        )
    spread = np.linspace(0, len(ends) - 1, min(len(ends), _COUNT_MAX))
    ends = ends[np.unique(spread.astype(np.int64))]
    window = ends[:, None] + np.arange(1 - LENGTH, 1)
    values = {
        channel: whole.x[:, columns.index(level)][window] / 100
        for channel, level in zip(CHANNELS, levels, strict=True)
    }
    picked = whole.select(ends)
    rows = Rows(picked.x[:, : len(names)], picked.y, picked.time_s, picked.node)
    return Windows(rows, names, classes, values)
