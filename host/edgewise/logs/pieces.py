"""Pieces of a log that are found again in another log, or in the same one after it has grown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgewise.logs.log import Log

__all__ = ["Piece", "find_pieces", "pieces_of", "rows_in_time"]

_PIECE_ROWS = 1000
_PIECES_MAX = 200  # of a log, where nothing else divides it


@dataclass(frozen=True)
class Piece:
    """All valid readings of ``node`` from ``first_s`` to ``last_s``; ``sha256`` of time, t, h."""

    node: str
    first_s: float
    last_s: float
    rows: int
    sha256: str


def pieces_of(part: Log, rest: Log) -> list[Piece]:
    """Return pieces that hold every valid reading of ``part`` and none of ``rest``."""
    size = max(_PIECE_ROWS, -(-len(part) // _PIECES_MAX))
    rest_rows = _rows_by_node(rest)
    pieces = []
    for node, rows in _rows_by_node(part).items():
        time_s = part.time_s[rows]
        rest_s = rest.time_s[rest_rows.get(node, rows[:0])]
        ends = np.flatnonzero(np.diff(np.searchsorted(rest_s, time_s))) + 1
        for run in np.split(rows, ends):
            pieces += [
                _piece(part, node, run[start : start + size]) for start in range(0, len(run), size)
            ]
    return pieces


def find_pieces(log: Log, pieces: Iterable[Piece]) -> NDArray[np.bool_]:
    """Return which readings of ``log``, bool[n], are those of ``pieces``.

    A node that ``log`` does not name is looked for under every name.
    """
    rows_by_node = _rows_by_node(log)
    times_by_node = {node: log.time_s[rows] for node, rows in rows_by_node.items()}
    is_found = np.zeros(len(log), dtype=bool)
    for piece in pieces:
        for node in (piece.node,) if piece.node in rows_by_node else rows_by_node:
            first = np.searchsorted(times_by_node[node], piece.first_s, "left")
            last = np.searchsorted(times_by_node[node], piece.last_s, "right")
            rows = rows_by_node[node][first:last]
            if len(rows) == piece.rows and _hash(log, rows) == piece.sha256:
                is_found[rows] = True
    return is_found


def rows_in_time(log: Log, pieces: Iterable[Piece]) -> NDArray[np.bool_]:
    """Return which rows of ``log`` are of the node and the time of one of ``pieces``, bool[n].

    More may be there than at the training: readings that came late, or others in their place.
    """
    is_found = np.zeros(len(log), dtype=bool)
    for piece in pieces:
        in_time = (log.time_s >= piece.first_s) & (log.time_s <= piece.last_s)
        is_found |= in_time & (log.node == piece.node)
    return is_found


def _rows_by_node(log: Log) -> dict[str, NDArray[np.int64]]:
    # The valid rows of each node in the order of time.
    order = np.argsort(log.time_s, kind="stable")
    order = order[log.valid[order]]
    names = log.node[order].astype(str)
    return {str(name): order[names == name] for name in np.unique(names)}


def _piece(log: Log, node: str, rows: NDArray[np.int64]) -> Piece:
    first_s, last_s = log.time_s[rows[[0, -1]]].tolist()
    return Piece(node, first_s, last_s, len(rows), _hash(log, rows))


def _hash(log: Log, rows: NDArray[np.int64]) -> str:
    time_ms = np.rint(1000 * log.time_s[rows])
    values = np.stack([time_ms, log.t_dc[rows], log.h_pm[rows]], axis=1)
    return hashlib.sha256(values.astype("<i8").tobytes()).hexdigest()
