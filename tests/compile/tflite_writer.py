"""Write .tflite files of small networks, as TensorFlow lays them out, and damaged ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from edgewise.compile.networks import flatbuffer_writer
from edgewise.compile.networks.flatbuffer_writer import Table, Vector
from edgewise.compile.networks.tflite_writer import (
    IDENTIFIER,
    INT8,
    QUANTIZE,
    NetworkFile,
)
from edgewise.compile.networks.tflite_writer import DenseLayer as Dense

__all__ = ["Dense", "Network", "Table", "Vector", "flatbuffer", "random_network"]

INT32, UINT8, INT64 = 2, 3, 4
RELU, ARG_MAX = 19, 56


def flatbuffer(root: Table) -> bytes:
    """Return the bytes of a .tflite file with this root."""
    return flatbuffer_writer.flatbuffer(root, IDENTIFIER)


@dataclass
class Network(NetworkFile):
    """A network with more beginnings and ends than Edgewise writes; an end is an operator."""

    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ("softmax",)

    def add_inputs(self, n: int) -> tuple[int, int]:
        if "uint8" not in self.begin:
            return super().add_inputs(n)
        first = self.add_tensor(UINT8, [1, n], [self.scale], [self.zero_point + 128])
        output = self.add_tensor(INT8, [1, n], [self.scale], [self.zero_point])
        return first, self.add_operator(QUANTIZE, [first], output)

    def add_end(self, name: str, at: int) -> int:
        if name in ("softmax", "dequantize"):
            return super().add_end(name, at)
        n = len(self.layers[-1].bias)
        if name == "argmax":
            axis = self.add_tensor(INT32, [1], data=struct.pack("<i", 1))
            return self.add_operator(ARG_MAX, [at, axis], self.add_tensor(INT64, [1]))
        code, _, numbers = name.partition(" ")
        scale, zero_point = numbers.split() if numbers else ("0.1", "0")
        codes = {"quantize": QUANTIZE, "relu": RELU}
        output = self.add_tensor(INT8, [1, n], [float(scale)], [int(zero_point)])
        return self.add_operator(codes.get(code) or int(code), [at], output)


def random_network(
    rng: np.random.Generator, sizes: Sequence[int], is_exact: bool = False, **ends: Any
) -> Network:
    """Return a network with random weights of the given sizes, inputs first.

    ``is_exact``: scales are powers of two, so many results lie halfway between two steps.
    """
    layers = []
    in_scale = 2.0**-2 if is_exact else float(rng.uniform(0.01, 0.5))
    network = Network(in_scale, int(rng.integers(-128, 128)), layers, **ends)
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        last = k == len(sizes) - 2
        per_channel = bool(rng.integers(2))
        n_scales = n_out if per_channel else 1
        exponents = rng.integers(-9, -5, n_scales)
        scales = 2.0**exponents if is_exact else rng.uniform(0.002, 0.02, n_scales)
        out = in_scale * float(np.mean(scales)) * 60 * np.sqrt(n_in)
        out = 2.0 ** int(np.log2(out)) if is_exact else out
        layers.append(
            Dense(
                rng.integers(-127, 128, (n_out, n_in)),
                rng.integers(-3000, 3000, n_out),
                [float(s) for s in scales],
                float(np.float32(out)),
                int(rng.integers(-60, 60)) if last else -128,
                0 if last else 1,
            )
        )
        in_scale = out
    return network
