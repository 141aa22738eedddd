"""Which readings of a log a model was trained on, and which its training held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.logs.log import Log
from edgewise.logs.pieces import Piece, find_pieces, rows_in_time
from edgewise.package.store import Package

__all__ = ["Seen", "seen_rows"]


@dataclass(frozen=True)
class Seen:
    """``trained``, ``held_out``: bool[rows]; ``is_unknown``: the package was made from this file,
    and none of its rows is found: it does not name them, or the file is read otherwise now.
    ``near_trained``: rows of a node and a time that it was trained on; readings that came late may
    be among them."""

    trained: NDArray[np.bool_]
    held_out: NDArray[np.bool_]
    is_unknown: bool
    near_trained: NDArray[np.bool_]


def seen_rows(package: Package, log: Log, sha256: str) -> Seen:
    """Return what the package knows of ``log``; ``sha256`` is that of its file.

    The rows are found by their time, temperature and humidity, whatever else the log has. Raises
    InputError for a damaged package.
    """
    evidence = package.evidence()
    data = evidence["data"] if evidence else {"train": {}, "test": {}}
    pieces = [[Piece(**p) for p in data[part].get("pieces", [])] for part in ("train", "test")]
    trained, held_out = (find_pieces(log, found) for found in pieces)
    is_file = sha256 in package.info.get("data_sha256", {}).values()
    near = rows_in_time(log, pieces[0])
    is_unknown = is_file and not (pieces[0] and (trained | held_out).any())
    return Seen(trained, held_out & ~trained, is_unknown, near)
