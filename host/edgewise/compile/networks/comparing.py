"""Compare the implementations of a network with the reference, `Network.run`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.net_plain import TOTAL
from edgewise.compile.networks.inputs import Inputs
from edgewise.compile.networks.network import Network
from edgewise.compile.networks.words import class_weights
from edgewise.errors import EdgewiseError
from edgewise.package.forest import INT16_MAX
from edgewise.prediction.runtimes import run_micropython, run_plain

__all__ = ["answers", "compare", "levels_of", "probe_rows"]

_PROBES = 16  # places of an input


def levels_of(stairs: NDArray[np.int64], x: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return int64[rows, inputs], the levels of features, int16[rows, inputs]."""
    columns = np.arange(stairs.shape[0])
    return np.asarray(stairs[columns, x.astype(np.int64) + INT16_MAX])


def answers(
    network: Network, stairs: NDArray[np.int64], x: NDArray[np.int16]
) -> NDArray[np.int64]:
    """Return int64[rows, 2]: class and percent, those of the node's votes (core.net_plain)."""
    levels = network.run(levels_of(stairs, x))
    rows, best = np.arange(len(levels)), levels.argmax(axis=1)
    weights = class_weights(network.slope)[levels.max(axis=1)[:, None] - levels]
    votes = weights * TOTAL // weights.sum(axis=1)[:, None]
    most = TOTAL - votes.sum(axis=1) + votes[rows, best]
    return np.stack([best, (100 * most + TOTAL // 2) // TOTAL], axis=1)


def probe_rows(stairs: NDArray[np.int64], x: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return rows on both sides of places where the level of an input changes, and extremes."""
    probes = [np.full(x.shape[1], sign * INT16_MAX, dtype=np.int16) for sign in (-1, 1)]
    for column, levels in enumerate(stairs):
        places = np.flatnonzero(np.diff(levels))
        chosen = places[np.linspace(0, len(places) - 1, min(_PROBES, len(places))).astype(int)]
        for i, place in enumerate(chosen):
            for value in (place, place + 1):
                row = x[i * len(x) // _PROBES].copy()
                row[column] = value - INT16_MAX
                probes.append(row)
    return np.array(probes)


def compare(
    network: Network,
    stairs: NDArray[np.int64],
    blob: bytes,
    vectors: NDArray[np.int16],
    inputs: Inputs,
) -> dict[str, Any]:
    """Return the runtime of MicroPython and the time of a prediction there.

    EdgewiseError where a runtime gives another class or percent than `answers`.
    """
    expected = answers(network, stairs, vectors)
    on_node, runtime, us = run_micropython(blob, vectors)
    for name, found in (("python-network", run_plain(blob, vectors)), (runtime, on_node)):
        is_different = (found != expected).any(axis=1)
        if is_different.any():
            first = int(is_different.argmax())
            vector = dict(zip(inputs.names, vectors[first].tolist(), strict=True))
            raise EdgewiseError(
                f"{name} differs from LiteRT's reference kernels, first at {vector}: nothing was "
                "written; report this as a bug"
            )
    return {"runtime": runtime, "us": us}
