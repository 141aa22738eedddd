"""Run the scout over a log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgewise.features.table import Filters
from edgewise.logs.log import Log
from edgewise.scout.extraction import extract
from edgewise.scout.gain import Gain, measure_gain
from edgewise.scout.ranking import Ranked, chance_bits, rank
from edgewise.scout.windows import windows_of

__all__ = ["Scouted", "scout"]


@dataclass(frozen=True)
class Scouted:
    """``windows``: how many were looked at; ``ranked``: the features of both, the most telling
    first; ``chance``: the bits that the best feature tells by chance; ``gain``: None where no part
    can be held out."""

    windows: int
    ranked: list[Ranked]
    chance: float
    gain: Gain | None


def scout(
    log: Log, names: list[str], filters: Filters, progress: Callable[[int, int], None]
) -> Scouted:
    """Compare the catalogue's features ``names`` with tsfresh's on a labelled log.

    ``progress`` gets the windows done, and all. InputError where the log has too few labelled
    readings, OutsideError without the extra package.
    """
    windows = windows_of(log, names, filters)
    theirs = extract(windows.values, progress)
    return Scouted(
        len(windows.rows.y),
        rank(windows, theirs),
        chance_bits(windows, theirs, 0),
        measure_gain(windows.rows, theirs.x, theirs.names, len(windows.classes)),
    )
