"""Run the heads of a model on rows of features, with the node's own code."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core import loader
from edgenode.core.heads import Heads
from edgenode.core.model import Model
from edgenode.core.records import UNSURE

__all__ = ["Decisions", "decide", "decide_votes", "is_alone"]


@dataclass(frozen=True)
class Decisions:
    """``cls``: int[rows], index into the classes; ``p_pc``: int[rows], confidence in percent;
    ``sure``: bool[rows], False where the node says no class; ``u``: int[rows], how unusual in
    percent of a limit, -1 without a detector."""

    cls: NDArray[np.int64]
    p_pc: NDArray[np.int64]
    sure: NDArray[np.bool_]
    u: NDArray[np.int64]


def is_alone(info: Mapping[str, Any]) -> bool:
    """Return whether the model of a model.json is nothing but a detector: nobody labelled it."""
    return bool(info.get("detector")) and not (info.get("metrics") or {}).get("test")


def decide(
    blob: bytes,
    x: NDArray[np.int16],
    age: NDArray[np.int64],
    node: NDArray[Any] | None = None,
) -> Decisions:
    """Return what a node with this model.bin says of valid readings in the order of a node.

    ``x``: int16[rows, features]; ``age``: int[rows], the readings since the windows were empty,
    with this one; ``node``: object[rows], the name of the node, where they are of several: each
    learns by itself.
    """
    return _decide(Model(blob), x.tolist(), age, node)


def decide_votes(
    blob: bytes,
    votes: NDArray[np.int64],
    x: NDArray[np.int16],
    age: NDArray[np.int64],
    node: NDArray[Any] | None = None,
) -> Decisions:
    """Return the same for votes of the trees that were computed elsewhere: int[rows, classes]."""
    return _decide(_Counted(blob, votes).model, x.tolist(), age, node)


class _Counted:
    # A model whose code hands out the next row of votes, as a node's native code does.
    def __init__(self, blob: bytes, votes: NDArray[np.int64]) -> None:
        self._rows: Iterator[list[int]] = iter(votes.tolist())
        crc = zlib.crc32(loader.unpack(blob)[1])
        self.model = Model(blob, SimpleNamespace(CRC=crc, votes=self._votes))

    def _votes(self, x: Any, out: Any) -> None:
        for c, n in enumerate(next(self._rows)):
            out[c] = n


def _decide(
    model: Model, rows: list[Any], age: NDArray[np.int64], node: NDArray[Any] | None
) -> Decisions:
    heads = Heads(model)
    n = len(rows)
    cls, p_pc = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    sure, u = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
    for i, (x, a) in enumerate(zip(rows, age.tolist(), strict=True)):
        if i and node is not None and node[i] != node[i - 1]:
            heads = Heads(model)
        sure[i] = heads.push(x, a) != UNSURE
        cls[i], p_pc[i], u[i] = heads.best, heads.p_pc, heads.u
    return Decisions(cls, p_pc, sure, u)
