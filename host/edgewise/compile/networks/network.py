"""A network as a node can run it: a chain of int8 layers, made from the graph of a file.

Levels are int8 values + 128, or uint8 values. Figures are those of LiteRT's reference kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "Dense", "Layer", "Network", "round_away"]


@dataclass(frozen=True)
class Dense:
    """Sums of weighted inputs.

    ``weights``: int64[outputs, inputs]; ``bias``: int64[outputs]; ``factors``: float64[outputs],
    from a sum to levels; ``zero_in``, ``zero_out``: the levels of zero; ``low``, ``high``: the
    least and the largest level of an output.
    """

    weights: NDArray[np.int64]
    bias: NDArray[np.int64]
    factors: NDArray[np.float64]
    zero_in: int
    zero_out: int
    low: int
    high: int

    @property
    def outputs(self) -> int:
        return len(self.bias)

    def run(self, levels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the levels, int64[rows, outputs], that follow from int64[rows, inputs]."""
        sums = (levels - self.zero_in) @ self.weights.T + self.bias
        results = round_away(sums.astype(np.float64) * self.factors) + self.zero_out
        return np.clip(results, self.low, self.high).astype(np.int64)


@dataclass(frozen=True)
class Change:
    """``levels``: int64[256], the new level for each; ``outputs``: how many values change."""

    levels: NDArray[np.int64]
    outputs: int

    def run(self, levels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the new levels, int64[rows, outputs]."""
        return self.levels[levels]


Layer = Dense | Change


@dataclass(frozen=True)
class Network:
    """``scale``, ``zero``: of the inputs, a number and a level; ``slope``: how much one level of
    the last layer is, before the softmax."""

    inputs: int
    scale: np.float32
    zero: int
    layers: list[Layer]
    slope: float

    @property
    def outputs(self) -> int:
        return self.layers[-1].outputs

    @property
    def products(self) -> int:
        """Multiplications of one prediction."""
        return sum(layer.weights.size for layer in self.layers if isinstance(layer, Dense))

    def quantise(self, values: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the levels of inputs, float32[rows, inputs], as QUANTIZE does."""
        steps = round_away((values / self.scale).astype(np.float64))
        return np.clip(steps + self.zero, 0, 255).astype(np.int64)

    def run(self, levels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the levels of the last layer, int64[rows, outputs]."""
        for layer in self.layers:
            levels = layer.run(levels)
        return levels


def round_away(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return whole numbers, halves away from zero, as C's ``round`` does."""
    size = np.abs(values)
    whole = np.floor(size)
    return np.asarray(np.copysign(whole + (size - whole >= 0.5), values))


def requantise(
    scale_in: float, zero_in: int, scale_out: float, zero_out: int, low: int, high: int
) -> NDArray[np.int64]:
    """Return int64[256], the level for each level: QUANTIZE of int8, and RELU without weights.

    LiteRT rounds twice here: a product of 31 bits, then a shift.
    """
    fraction, exponent = math.frexp(float(np.float32(scale_in)) / float(np.float32(scale_out)))
    factor = math.floor(fraction * 2**31 + 0.5)
    if factor == 2**31:
        factor, exponent = factor // 2, exponent + 1
    if exponent < -31:
        factor = exponent = 0
    levels = [_multiply(q - zero_in, factor, exponent) + zero_out for q in range(256)]
    return np.clip(np.array(levels, dtype=np.int64), low, high)


def _multiply(value: int, factor: int, exponent: int) -> int:
    left, right = max(exponent, 0), max(-exponent, 0)
    product = (value << left) * factor
    high = abs(product) + (1 << 30 if product >= 0 else (1 << 30) - 1) >> 31
    high = high if product >= 0 else -high
    rest = high & (1 << right) - 1
    limit = ((1 << right) - 1 >> 1) + (high < 0)
    return (high >> right) + (rest > limit)
