"""Write a network as the table of `edgenode.core.net_plain`, proved step by step."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgenode.core.netcheck import SUM_MAX
from edgewise.compile.networks.network import Change, Dense, Network, round_away
from edgewise.errors import EdgewiseError, InputError
from edgewise.package.forest import INT16_MAX

__all__ = ["Words", "class_weights", "network_words"]

_NEVER = 65535  # an input + 32768 is below it
_SHIFT = 33  # what the node divides by at least, a power of two
_SHIFT_MAX = 30
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
        words += [layer.outputs, layer.low + 256 * layer.high, layer.zero_out]
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
    bias = int(layer.bias[channel]) - layer.zero_in * int(weights.sum())
    low = bias + 255 * int(np.minimum(weights, 0).sum())
    high = bias + 255 * int(np.maximum(weights, 0).sum())
    largest = max(-low, high, 0)
    if low < -SUM_MAX or high > SUM_MAX:
        raise InputError(
            f"layer {number + 1}, output {channel}: its sums reach {largest}, a board has room "
            f"for {SUM_MAX}: take fewer inputs or units"
        )
    factor, shift, steps = exact_factor(float(layer.factors[channel]), largest)
    unsigned = bias & 0xFFFFFFFF
    words = [unsigned & 65535, unsigned >> 16, factor & 65535, factor >> 16 & 65535]
    return [*words, (factor >> 32) + 256 * shift, *_pairs(weights + 128)], steps


def exact_factor(real: float, largest: int) -> tuple[int, int, int]:
    """Return a factor of 40 bits, a shift, and the steps at which both sides were proved.

    For all whole a of 0 to ``largest``, ``(a * factor >> 32 + shift) + 1 >> 1`` is ``real * a``
    rounded with halves up, as far as results differ after they are cut to 255.
    """
    _, exponent = math.frexp(real)
    shift = max(0, min(_SHIFT_MAX, 40 - exponent - _SHIFT))
    power = 1 << (_SHIFT - 1 + shift)
    best = min(round(real * 2.0 ** (_SHIFT + shift)), 2**40 - 1)
    low, high = 0, 2**40 - 1
    last = min(255, _rounded(real, largest))
    for step in range(1, last + 1):
        place = _place(real, step, largest)
        low = max(low, -(-(2 * step - 1) * power // place))
        if place > 1:
            high = min(high, ((2 * step - 1) * power - 1) // (place - 1))
    if last < 255 and largest:
        high = min(high, ((2 * last + 1) * power - 1) // largest)
    if low > high:
        raise EdgewiseError(
            f"no factor of 40 bits gives the steps of {real!r} up to {largest}: nothing was "
            "written; report this as a bug"
        )
    return min(max(best, low), high), shift, last


def _place(real: float, step: int, largest: int) -> int:
    # Returns the first whole number whose product rounds to the step.
    place = min(max(1, math.ceil((step - 0.5) / real)), largest)
    while place > 1 and _rounded(real, place - 1) >= step:
        place -= 1
    while _rounded(real, place) < step:
        place += 1
    return place


def _rounded(real: float, value: int) -> int:
    return int(round_away(np.array([value * real]))[0])
