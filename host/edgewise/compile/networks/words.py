"""Write a network as the table of `edgenode.core.net_plain`, proved step by step."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgenode.core.netcheck import SHIFT_MAX, SUM_MAX
from edgewise.compile.networks.network import Change, Dense, Network, round_away
from edgewise.errors import EdgewiseError, InputError
from edgewise.package.forest import INT16_MAX

__all__ = ["Words", "class_weights", "network_words"]

_NEVER = 65535  # an input + 32768 is below it
_SHIFT = 32  # the node divides by this power of two and more
_BITS = 39  # of a factor
# How much larger or smaller than the nearest a factor may be, until one gives every step.
_TRIALS = (0, *(sign << bit for bit in range(24) for sign in (1, -1)))
_WEIGHT = 65535  # of the best class


@dataclass(frozen=True)
class Words:
    """``table``: 16-bit words; ``steps``: the places at which one of its levels changes, proved on
    both sides."""

    table: array[int]
    steps: int


def network_words(network: Network, stairs: NDArray[np.int64]) -> Words:
    """Return the table of a network.

    ``stairs``: int64[inputs, 65533], the level of each input for -32766 to 32766. InputError for
    sums that do not fit the words of a board.
    """
    kinds: dict[bytes, int] = {}  # inputs with the same stairs share them
    index = [kinds.setdefault(row.tobytes(), len(kinds)) for row in stairs]
    rows = [stairs[index.index(kind)] for kind in range(len(kinds))]
    width = max(network.inputs, *(layer.outputs for layer in network.layers))
    head = [network.inputs, len(rows), len(network.layers), network.outputs, width]
    words = [*head, *index]
    steps = 0
    for row in rows:
        words += _stair_words(row)
        steps += int((np.diff(row) > 0).sum())
    for number, layer in enumerate(network.layers):
        if isinstance(layer, Change):
            words += [layer.outputs + 256, *_pairs(layer.levels)]
            continue
        words += [layer.outputs, layer.high]
        for channel in range(layer.outputs):
            channel_words, n = _channel_words(layer, channel, number)
            words += channel_words
            steps += n
    words += class_weights(network.slope).tolist()
    return Words(array("H", words), steps)


def class_weights(slope: float) -> NDArray[np.int64]:
    """Return int64[256], the weight of a class that lies so many levels below the best one."""
    shares = np.exp(-slope * np.arange(256))
    weights: NDArray[np.int64] = np.floor(_WEIGHT * shares + 0.5).astype(np.int64)
    weights[1:] = np.minimum(weights[1:], _WEIGHT - 1)  # only the best has all
    return weights


def _stair_words(levels: NDArray[np.int64]) -> list[int]:
    first = np.searchsorted(levels, np.arange(1, 256))  # the first place with the level
    words = np.where(first < len(levels), first + 32768 - INT16_MAX, _NEVER)
    return [int(w) for w in words]


def _pairs(values: NDArray[np.int64]) -> list[int]:
    padded = np.append(values, np.zeros(len(values) % 2, dtype=np.int64)).reshape(-1, 2)
    return [int(w) for w in padded[:, 0] + 256 * padded[:, 1]]


def _channel_words(layer: Dense, channel: int, number: int) -> tuple[list[int], int]:
    weights = layer.weights[channel]
    start = -255 * int(np.minimum(weights, 0).sum())
    largest = 255 * int(np.abs(weights).sum())
    if largest > SUM_MAX:
        raise InputError(
            f"layer {number + 1}, output {channel}: its sums reach {largest}, a board has room "
            f"for {SUM_MAX}: take fewer inputs or units"
        )
    first = int(layer.bias[channel]) - layer.zero_in * int(weights.sum()) - start
    scaling = find_scaling(layer, channel, first, largest)
    factor, summand = scaling.factor, scaling.summand
    start = (start - scaling.origin) & 0xFFFFFFFF
    words = [start & 65535, start >> 16, factor & 65535, factor >> 16 & 65535]
    words += [(factor >> 32) + 256 * scaling.shift]
    words += [summand >> bits & 65535 for bits in (0, 16, 32, 48)]
    return [*words, scaling.least, *_pairs(weights + 128)], len(scaling.places)


@dataclass(frozen=True)
class Scaling:
    """``(a * factor + summand >> 32 + shift) + least`` is the level of a sum that lies ``a`` above
    ``origin``, a place up to which all have the least level. Places are distances from the least
    sum; ``places``: int64[steps], where the level becomes the next."""

    origin: int
    factor: int
    shift: int
    summand: int
    least: int
    places: NDArray[np.int64]


def find_scaling(layer: Dense, channel: int, first: int, largest: int) -> Scaling:
    """Return whole numbers that give every level of an output.

    The least sum is ``first``, the largest ``first + largest``. Levels rise with the sum, so both
    sides of each step prove all of them.
    """

    def levels(above: NDArray[np.int64]) -> NDArray[np.int64]:
        sums = (above + first).astype(np.float64) * layer.factors[channel]
        results = round_away(sums) + layer.zero_out
        return np.clip(results, layer.low, layer.high).astype(np.int64)

    least, most = levels(np.array([0, largest])).tolist()
    places = _first_places(levels, least, most, largest)
    origin = int(places[0]) - 1 if len(places) else 0
    _, exponent = math.frexp(float(layer.factors[channel]))
    shift = max(0, min(SHIFT_MAX, _BITS - exponent - _SHIFT))
    power = 1 << (_SHIFT + shift)
    # above the last step nothing is proved, where the node cuts to the largest level
    end = power * (len(places) + 1) - 1 if most < layer.high else None
    nearest = min(round(float(layer.factors[channel]) * power), 2**_BITS - 1)
    for trial in _TRIALS if len(places) else (-nearest,):
        factor = nearest + trial
        low, high = 0, power - 1
        for step, place in enumerate((places - origin).tolist(), 1):
            low = max(low, step * power - factor * place)
            high = min(high, step * power - 1 - factor * (place - 1))
        if end is not None:
            high = min(high, end - factor * (largest - origin))
        if low <= high and 0 <= factor < 2**_BITS:
            return Scaling(origin, factor, shift, (low + high) // 2, least, places)
    raise EdgewiseError(
        f"no factor gives the {len(places)} steps of an output with sums of {first} to "
        f"{first + largest}: nothing was written; report this as a bug"
    )


def _first_places(
    levels: Callable[[NDArray[np.int64]], NDArray[np.int64]], least: int, most: int, largest: int
) -> NDArray[np.int64]:
    # Returns the first place of each level above the least.
    wanted = np.arange(least + 1, most + 1)
    low, high = np.zeros(len(wanted), dtype=np.int64), np.full(len(wanted), largest)
    while (low < high).any():
        middle = (low + high) // 2
        is_there = levels(middle) >= wanted
        low, high = np.where(is_there, low, middle + 1), np.where(is_there, middle, high)
    return low
